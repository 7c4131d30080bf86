"""Behaviour that all services share, on their own ports and through the gateway."""

import os
import subprocess
import sys
import uuid

import pytest

from devservers.processes import wait_for
from devtools.projects import PROJECTS, TEMPLATE, with_database
from tests.system import environment_of

SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
PRINT_CONFIGURATION = """
import gc
from gunicorn.app.wsgiapp import WSGIApplication
application = WSGIApplication()
print(application.cfg)
application.load()
from django.conf import settings
print(settings.SERVICE_NAME, *(each.get("NAME") for each in settings.DATABASES.values()))
gc.freeze()  # skips the interpreter's last garbage collections
"""


@pytest.fixture(params=with_database(), ids=lambda project: project.name)
def project(request):
    return request.param


@pytest.fixture
def service(system, project):
    with system.by_name[project.name].client() as client:
        yield client


@pytest.mark.parametrize("path", ["/health/live", "/health/ready", "/metrics", "/openapi.json"])
def test_health_metrics_and_document_return_200(service, path):
    assert service.get(path).status_code == 200


def test_list_and_missing_object_are_served_through_the_gateway(gateway, service, project):
    for path in project.routing.paths:
        for client in (gateway, service):
            found, missing = client.get(path), client.get(f"{path}/0")

            assert found.json().keys() >= {"next", "results"}
            assert (missing.status_code, missing.json()["type"]) == (404, "urn:problem:not_found")
            assert missing.json()["request_id"] == missing.headers["X-Request-ID"]
            assert SECURITY_HEADERS.items() <= found.headers.items()


def test_request_is_logged_under_its_id(system, service, project):
    request_id = f"every-{uuid.uuid4()}"

    given = service.get(project.routing.paths[0], headers={"X-Request-ID": request_id}).headers["X-Request-ID"]

    assert wait_for(lambda: given in system.by_name[project.name].log, seconds=2)


def test_request_is_counted(service, project):
    path = project.routing.paths[0]
    service.get(path)

    assert f'route="^{path.strip("/")}' in service.get("/metrics").text


def test_admin_and_static_files_are_under_the_name_of_the_service(gateway, project):
    page = gateway.get(f"/admin/{project.name}/login/")
    style = gateway.get(f"/static/{project.name}/admin/css/base.css")

    assert page.status_code == style.status_code == 200
    assert f"{project.name.capitalize()} service" in page.text
    assert page.cookies.keys() == [f"{project.name}_csrftoken"]


@pytest.mark.parametrize("project", [*PROJECTS.values(), TEMPLATE], ids=lambda project: project.name)
def test_defaults_of_the_project_are_those_of_its_description(project, tmp_path):
    environment = environment_of(project, {}, tmp_path, {})

    done = subprocess.run(
        [sys.executable, "-c", PRINT_CONFIGURATION],
        cwd=project.folder,
        env=environment | {"PATH": os.environ["PATH"], "TMPDIR": environment["DATA_DIR"]},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    *configuration, settings = done.stdout.splitlines()

    assert f"127.0.0.1:{project.port}" in "".join(configuration)
    assert f"{project.package}.wsgi" in "".join(configuration)
    assert project.database is None or settings.split() == [project.name, project.database]
