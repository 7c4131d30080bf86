"""Each JSON log entry is one valid line without secrets, even for hostile requests."""

import json
import subprocess

from devservers.processes import wait_for
from devtools.projects import manage_command, with_database

SECRETS = ["ada@example.com", "hunter2", "s3cr3t-cookie", "s3cr3t-bearer"]


def lines(service):
    """Return the complete lines; the last one may still be written."""
    return [json.loads(line) for line in service.log.rpartition("\n")[0].splitlines()]


def test_hostile_requests_are_logged_as_valid_json_without_secrets(system):
    request_id, before = "hostile-1", {service.url: len(lines(service)) for service in system.services}
    with system.gateway.client() as client:
        client.post(
            "/users?email=ada@example.com",
            json={"name": "hunter2", "email": "ada@example.com"},
            headers={
                "User-Agent": 'evil"}\t{"level": "ERROR',
                "Cookie": "session=s3cr3t-cookie",
                "Authorization": "Bearer s3cr3t-bearer",
                "X-Request-ID": request_id,
            },
        )
        client.get('/users/%0a%0d{"level":"ERROR"}%e2%80%a8', headers={"X-Request-ID": request_id})

    assert wait_for(lambda: system.user.log.count(request_id) >= 2, seconds=5)
    for service in system.services:
        for line in lines(service)[before[service.url] :]:
            assert line["level"] == "INFO", line
        for secret in SECRETS:
            assert secret not in service.log, service.project.name


def test_every_line_names_its_service(system):
    with system.gateway.client() as client:
        for project in with_database():
            client.get(f"{project.routing.paths[0]}?page_size=1")

    for service in system.services:
        assert wait_for(lambda log=service: "access" in {line["logger"] for line in lines(log)}, seconds=5)
        assert {line["logger"] for line in lines(service)} >= {"access", "gunicorn.error"}
        assert {line["service"] for line in lines(service)} == {service.project.name}


def test_lines_of_a_command_name_its_service(system):
    for service in system.services:
        done = subprocess.run(
            manage_command(
                service.project, "shell", "-c", "import logging; logging.getLogger('command').info('done')"
            ),
            cwd=service.project.folder,
            env=service.environment,
            capture_output=True,
            text=True,
            check=True,
        )

        assert json.loads(done.stderr)["service"] == service.project.name


def test_access_line_of_the_gateway_names_the_replica(system):
    with system.gateway.client() as client:
        client.get("/users?page_size=1", headers={"X-Request-ID": "for-a-replica"})

    def replicas():
        return [line["replica"] for line in lines(system.gateway) if line["request_id"] == "for-a-replica"]

    assert wait_for(replicas, seconds=5)
    assert replicas() == [system.user.address.bind]
