"""Logs for machines: whatever a client sends, a line stays one line of valid JSON and tells no secret."""

import json

import pytest

from devservers.processes import wait_for

SECRETS = ["ada@example.com", "hunter2", "s3cr3t-cookie", "s3cr3t-bearer"]


@pytest.fixture
def system(run_system):
    with run_system(LOG_FORMAT="json") as system:
        yield system


def test_hostile_requests_are_lines_of_json_without_secrets(system):
    request_id = "hostile-1"
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
        for line in service.log.splitlines():
            assert json.loads(line)["level"] == "INFO", line
        for secret in SECRETS:
            assert secret not in service.log, service.project.name
