"""Authorization with ``AUTH=true``: scopes, the feed for services only, and the actor in events and logs."""

import json
from urllib.parse import urlencode

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client

from conformance.modes import serving
from events.outbox.feed import read_state
from events.outbox.models import Event
from identity.internal import HEADER, Caller, sign
from tests.conftest import PROJECT
from users.models import User

TOKEN = "service-token"
ADA = {"name": "Ada", "email": "ada@example.com"}
WRITER = Caller("auth0|7", 7, frozenset({"users:read", "users:write"}), "shop")
READER = Caller("key:partner", scopes=frozenset({"users:read"}), key_id="partner")
CONSUMER = Caller("service:order", scopes=frozenset({"events:read"}))


def identity(caller, **overrides):
    """Return the headers of a request of ``caller`` through the gateway, or of a service."""
    signed = sign(caller, **{"audience": "user", "service_token": TOKEN} | overrides)
    return {"X-Service-Token": TOKEN, HEADER: signed}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("secured")


@pytest.fixture(scope="module")
def served(django_db_setup, folder):
    environment = {
        "DATABASE_URL": "postgresql://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format(**connection.settings_dict),
        "SECRET_KEY": settings.SECRET_KEY,
        "SERVICE_TOKEN": TOKEN,
        "AUTH": "true",
    }
    with serving("gunicorn, speedups on", PROJECT, environment, folder) as ask:
        yield ask


@pytest.fixture
def secured(served, django_db_blocker):
    with django_db_blocker.unblock():
        read_state()
        yield served
        User.objects.all().delete()
        Event.objects.all().delete()


def problem(response):
    return response.status, (response.json or {"type": "none"})["type"].removeprefix("urn:problem:")


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        (dict, 401, "service_token_required"),
        (lambda: {"X-Service-Token": TOKEN}, 401, "identity_required"),
        (lambda: identity(WRITER, audience="order"), 401, "identity_required"),
        (lambda: identity(WRITER, service_token="forged"), 401, "identity_required"),
        (lambda: identity(CONSUMER), 403, "insufficient_scope"),
    ],
    ids=["nothing", "service token", "other audience", "forged", "other scope"],
)
def test_request_without_a_valid_identity_is_refused(secured, headers, status, code):
    user = User.objects.create(**ADA)

    path = f"/users/{user.pk}"
    for request in [("GET", "/users"), ("GET", path), ("POST", "/users", ADA), ("DELETE", path)]:
        assert problem(secured(*request, **headers())) == (status, code)
    assert User.objects.count() == 1


def test_reader_reads_and_writer_writes(secured):
    made = secured("POST", "/users", ADA, **identity(WRITER))

    assert made.status == 201
    assert secured("GET", f"/users/{made.json['id']}", **identity(READER)).json == made.json
    assert problem(secured("PATCH", f"/users/{made.json['id']}", {"name": "Eve"}, **identity(READER))) == (
        403,
        "insufficient_scope",
    )


def test_feed_is_for_services_only_and_names_the_actor(secured):
    made = secured("POST", "/users", ADA, **identity(WRITER))
    User.objects.update(name="Eve")  # not by a caller

    refused = [secured("GET", "/events", **headers) for headers in ({"X-Service-Token": TOKEN}, identity(WRITER))]
    events = json.loads(secured("GET", "/events", **identity(CONSUMER)).content)

    assert [response.status for response in refused] == [401, 403]
    assert [(event["subject"], event.get("actor")) for event in events] == [
        (f"users/{made.json['id']}", "auth0|7"),
        (f"users/{made.json['id']}", None),
    ]


def test_change_in_the_admin_names_the_account(secured):
    user, account = User.objects.create(**ADA), get_user_model().objects.create_superuser("office")
    browser = Client()
    browser.force_login(account, "django.contrib.auth.backends.ModelBackend")
    session, token = browser.cookies[settings.SESSION_COOKIE_NAME].value, "x" * 32
    cookies = f"{settings.SESSION_COOKIE_NAME}={session}; {settings.CSRF_COOKIE_NAME}={token}"
    form = {"action": "delete_selected", "_selected_action": str(user.pk), "post": "yes", "csrfmiddlewaretoken": token}

    response = secured(
        "POST",
        "/admin/user/users/user/",
        urlencode(form).encode(),
        **{"X-Service-Token": TOKEN, "Cookie": cookies, "Content-Type": "application/x-www-form-urlencoded"},
    )

    last, actor = json.loads(secured("GET", "/events", **identity(CONSUMER)).content)[-1], f"staff:{account.pk}"
    account.delete()
    assert response.status == 302
    assert (last["type"], last["actor"]) == ("com.example.user.deleted.v1", actor)


def test_log_names_the_actor_and_no_token(secured, folder):
    headers = identity(READER)
    secured("GET", "/users", **headers)
    secured("GET", "/users", X_Service_Token=TOKEN)

    log = (folder / "log.txt").read_text()

    lines = [json.loads(line) for line in log.splitlines() if '"/users"' in line]
    assert [line.get("actor") for line in lines[-2:]] == ["key:partner", None]
    assert not [secret for secret in (TOKEN, headers[HEADER]) if secret in log]
