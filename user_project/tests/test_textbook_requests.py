"""Sessions, middleware, signals, transactions and throttles work in a copy of the service as documented.

Each test runs in process and under gunicorn, with ``ATOMIC_REQUESTS``; the copy is in ``textbook``.
"""

import time

import pytest
from django.contrib.auth.models import User as Account
from django.test import Client

from users.models import User


def test_session_of_the_admin_authenticates(ask, ada):
    client = Client()
    client.force_login(Account.objects.get(username="admin"))
    token = "a" * 32
    cookie = f"user_sessionid={client.cookies['user_sessionid'].value}; user_csrftoken={token}"
    grace = {"name": "Grace", "email": "grace@example.com"}

    assert ask("GET", f"/session/{ada.pk}").status == 403
    assert ask("GET", f"/session/{ada.pk}", Cookie=cookie).status == 200
    assert ask("GET", "/session/me", Cookie=cookie).json == {"username": "admin"}
    assert ask("POST", "/session", grace, Cookie=cookie).status == 403
    assert ask("POST", "/session", grace, Cookie=cookie, X_CSRFToken=token).status == 201


def test_middleware_may_remove_an_argument_of_the_url(ask, ada):
    for team in ["red", "blue", "red"]:
        assert ask("GET", f"/teams/{team}/context/{ada.pk}").json["team"] == team
    assert ask("GET", f"/context/{ada.pk}").json["team"] == "none"


def test_receivers_of_signals_are_called(ask, ada):
    created = ask("POST", "/signals", {"name": "Grace...", "email": "grace@example.com"}).json
    changed = ask("PATCH", f"/signals/{ada.pk}", {"name": "Ada."}).json

    assert (created["name"], created["was_created"]) == ("Grace", True)
    assert (changed["name"], changed["was_created"], changed["loaded_name"]) == ("Ada", False, "Ada Lovelace")
    assert [user["loaded_name"] for user in ask("GET", "/signals?ordering=-id").json["results"]] == [
        "Eve",
        "Ada",
        "Grace",
    ]
    assert ask("GET", f"/signals/{ada.pk}").json["loaded_name"] == "Ada"


def test_view_may_continue_after_its_response(ask):
    created = ask("POST", "/late", {"name": "Grace", "email": "grace@example.com"}).json

    ends_at = time.monotonic() + 10
    while (name := User.objects.get(pk=created["id"]).name) == "Grace" and time.monotonic() < ends_at:
        time.sleep(0.05)

    assert (created["name"], name) == ("Grace", "Grace, create by POST")


def test_response_may_hold_any_value_that_rest_framework_encodes(ask):
    response = ask("GET", "/numbers/numbers")

    assert response.content.decode() == (
        '{"1":1180591620717411303424,"decimal":1.5,"line":"\\u2028","nested":[{"2":-18446744073709551616}]}'
    )


@pytest.mark.parametrize(("headers", "status"), [({"X_Expected": "yes"}, 409), ({}, 500)])
def test_request_that_fails_is_rolled_back(ask, headers, status):
    response = ask("POST", "/atomic", {"name": "Grace", "email": "grace@example.com"}, **headers)

    assert (response.status, response.headers["Content-Type"]) == (status, "application/problem+json")
    assert not User.objects.filter(name="Grace").exists()


def test_broken_constraint_is_a_validation_error_within_a_transaction(ask, ada):
    response = ask("POST", "/atomic", {"name": "Eve", "email": "ADA@example.com"})

    assert [error["code"] for error in response.json["errors"]] == ["unique"]


def test_clients_can_be_throttled(ask, request):
    client = {"X_Forwarded_For": f"203.0.113.{len(request.node.name)}"}

    responses = [ask("GET", "/throttled", **client) for _ in range(3)]

    assert [response.status for response in responses] == [200, 200, 429]
    assert int(responses[2].headers["Retry-After"]) <= 60
    assert responses[2].json["type"] == "urn:problem:throttled"
    assert ask("GET", "/throttled", X_Forwarded_For="203.0.113.250").status == 200
