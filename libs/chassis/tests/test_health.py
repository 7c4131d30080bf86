import subprocess
import sys

import pytest
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client

from chassis import health


@pytest.mark.parametrize("path", ["/health/live", "/health/ready", "/metrics"])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
def test_other_methods_are_not_allowed(path, method):
    response = Client(enforce_csrf_checks=True).generic(method, path)

    assert (response.status_code, response["Allow"]) == (405, "GET, HEAD")
    assert response["Content-Type"] == "application/problem+json"


def test_live_needs_no_database(api):
    assert api.get("/health/live").json() == {"status": "ok"}


@pytest.mark.django_db
def test_ready_with_every_migration_applied(api):
    assert api.get("/health/ready").status_code == 200


@pytest.mark.django_db
def test_ready_response_has_the_details_of_applications(api, monkeypatch):
    monkeypatch.setitem(health.DETAILS, "shelves", lambda: {"free": 2})

    assert api.get("/health/ready").json() == {"status": "ok", "shelves": {"free": 2}}


@pytest.mark.django_db
def test_details_are_not_computed_while_a_migration_is_missing(api, monkeypatch):
    monkeypatch.setitem(health.DETAILS, "shelves", lambda: 1 / 0)
    MigrationRecorder(connection).record_unapplied("books", "0001_initial")

    assert api.get("/health/ready").status_code == 503


@pytest.mark.django_db
def test_not_ready_while_a_migration_is_missing(api):
    MigrationRecorder(connection).record_unapplied("books", "0001_initial")

    response = api.get("/health/ready")

    assert (response.status_code, response.json()["detail"]) == (503, "1 migrations are not applied.")


@pytest.mark.django_db(transaction=True)
def test_not_ready_while_the_database_is_unavailable(api, settings):
    connection.close()
    connection.settings_dict["PORT"], port = "1", connection.settings_dict["PORT"]
    try:
        response = api.get("/health/ready")
    finally:
        connection.close()
        connection.settings_dict["PORT"] = port

    assert (response.status_code, response.json()["detail"]) == (503, "The database does not respond.")


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/health/live", "/health/ready", "/metrics"])
def test_supervisor_needs_no_login(api, settings, path):
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "django.contrib.auth.middleware.LoginRequiredMiddleware"]

    assert api.get(path).status_code == 200


def test_service_without_a_database_is_ready():
    code = (
        "from django.conf import settings; settings.configure(SECRET_KEY='-', ALLOWED_HOSTS=['*'], DATABASES={});"
        "import django; django.setup(); from django.test import RequestFactory; from chassis import health;"
        "assert health.ready(RequestFactory().get('/health/ready')).content == b'{\"status\": \"ok\"}'"
    )

    subprocess.run([sys.executable, "-c", code], check=True)
