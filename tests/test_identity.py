"""With AUTH=true, callers authenticate with tokens of the development issuer, and orders belong to their users.

Events still reach the orders, and staff can use the browsable API.
"""

import re
import time
from functools import partial

import jwt
import pytest

from devservers.processes import wait_for
from identity.internal import HEADER, Caller, sign
from issuer import tokens
from issuer.environment import development_environment
from issuer.keys import KeyFolder
from tests.api import make_order, make_user
from tests.event_worker import EventWorker
from tests.system import run_in_parallel

NOTICE_SECONDS = 20.0  # it takes two on an idle machine
PASSWORD = "correct horse battery staple"
SCOPES = "users:read users:write orders:read orders:write"


@pytest.fixture(scope="module")
def environment(data_dir):
    return {"AUTH": "true"} | development_environment(data_dir, {"AUTH": "true"})


@pytest.fixture(scope="module")
def auth_system(run_system_with_events, environment):
    with run_system_with_events(**environment) as system:
        yield system


@pytest.fixture
def issue(data_dir, environment):
    def issue(subject, scope=SCOPES):
        claims = {"iss": environment["AUTH_ISSUER"], "aud": environment["AUTH_AUDIENCE"], "client_id": "tests"}
        return tokens.issue(KeyFolder(data_dir), claims | {"sub": str(subject), "scope": scope}, seconds=300)

    return issue


@pytest.fixture
def client_of(auth_system, issue):
    """Returns clients that send a token of a subject."""

    def client_of(subject, **options):
        client = auth_system.gateway.client()
        client.headers["Authorization"] = f"Bearer {issue(subject, **options)}"
        return client

    return client_of


@pytest.fixture
def john(client_of):
    """A client with the token of a user."""
    user = make_user(client_of("office"))
    client = client_of(user["id"])
    client.user = user
    return client


def test_without_credentials_only_health_is_open(auth_system):
    with auth_system.gateway.client() as client:
        statuses = {path: client.get(path).status_code for path in ("/users", "/orders", "/health", "/health/live")}

    assert statuses == {"/users": 401, "/orders": 401, "/health": 200, "/health/live": 200}


def test_an_order_belongs_to_its_user(john, client_of):
    order = make_order(john, user_id=john.user["id"])
    other = client_of(make_user(client_of("office"))["id"])
    path = f"/orders/{order['id']}"

    refused = {
        "get": other.get(path),
        "change": other.patch(path, json={"quantity": 2}),
        "cancel": other.post(f"{path}/cancel"),
        "fulfil": other.post(f"{path}/fulfil"),
        "delete": other.delete(path),
    }

    assert {name: response.status_code for name, response in refused.items()} == dict.fromkeys(refused, 404)
    assert other.get("/orders", params={"user_id": john.user["id"]}).json()["results"] == []
    assert john.get(path).json() == order


def test_a_caller_places_orders_for_its_own_user_only(john, client_of):
    other = make_user(client_of("office"))

    response = john.post("/orders", json={"user_id": other["id"], "product_name": "Laptop"})

    assert (response.status_code, response.json()["type"]) == (403, "urn:problem:insufficient_scope")
    assert make_order(client_of("office", scope=f"{SCOPES} orders:all"), user_id=other["id"])["user_id"] == other["id"]


def test_the_same_idempotency_key_of_two_callers_is_two_keys(john, client_of):
    user = make_user(client_of("office"))
    other, key = client_of(user["id"]), {"Idempotency-Key": "the-same"}

    first = john.post("/orders", json={"user_id": john.user["id"], "product_name": "Laptop"}, headers=key)
    second = other.post("/orders", json={"user_id": user["id"], "product_name": "Laptop"}, headers=key)
    again = john.post("/orders", json={"user_id": john.user["id"], "product_name": "Laptop"}, headers=key)

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json()["id"] != second.json()["id"]
    assert (again.content, again.headers["Idempotent-Replayed"]) == (first.content, "true")


def test_a_request_without_the_scope_is_rejected(john, client_of):
    reader = client_of(john.user["id"], scope="orders:read")

    response = reader.post("/orders", json={"user_id": john.user["id"], "product_name": "Laptop"})

    assert response.status_code == 403
    assert 'error="insufficient_scope", scope="orders:write"' in response.headers["WWW-Authenticate"]


def test_services_reject_requests_that_bypass_the_gateway(auth_system, environment, issue):
    token = environment["SERVICE_TOKEN"]
    mine = partial(sign, Caller("7", 7, frozenset(SCOPES.split())), audience="order")
    forged = {
        "nothing": {},
        "service token alone": {"X-Service-Token": token},
        "access token": {"X-Service-Token": token, "Authorization": f"Bearer {issue(7)}"},
        "other key": {"X-Service-Token": token, HEADER: mine(service_token="x" * 32)},
        "other service": {"X-Service-Token": token, HEADER: mine(audience="user", service_token=token)},
        "expired": {"X-Service-Token": token, HEADER: mine(service_token=token, issued_at=time.time() - 120)},
        "identity alone": {HEADER: mine(service_token=token)},
    }

    with auth_system.order.client() as client:
        statuses = {name: client.get("/orders", headers=headers).status_code for name, headers in forged.items()}

    assert statuses == dict.fromkeys(forged, 401)


def test_a_forged_internal_identity_is_dropped_by_the_gateway(john, auth_system, environment):
    everything = Caller("1", 1, frozenset([*SCOPES.split(), "orders:all"]))
    forged = {HEADER: sign(everything, audience="order", service_token=environment["SERVICE_TOKEN"])}

    with auth_system.gateway.client() as client:
        assert client.get("/orders", headers=forged).status_code == 401
    assert john.get("/orders", headers=forged).json()["results"] == []


def test_tokens_of_the_old_and_the_new_key_are_accepted_after_a_rotation(john, client_of, data_dir):
    KeyFolder(data_dir).rotate()

    assert john.get("/orders").status_code == 200
    assert client_of(john.user["id"]).get("/orders").status_code == 200


def test_events_reach_the_orders(john, auth_system, client_of, tmp_path):
    worker = EventWorker(auth_system.order, tmp_path / "worker.log")
    worker.start()
    try:
        order = make_order(john, user_id=john.user["id"])
        client_of("office").delete(f"/users/{john.user['id']}")

        def is_flagged():
            return john.get(f"/orders/{order['id']}").json()["user_deleted_at"]

        assert wait_for(is_flagged, seconds=NOTICE_SECONDS)
    finally:
        worker.kill()


def test_staff_browse_with_the_session_of_the_admin(auth_system):
    account = {"USERNAME": "office", "PASSWORD": PASSWORD, "EMAIL": "office@example.com"}
    variables = {f"DJANGO_SUPERUSER_{name}": value for name, value in account.items()}
    command = ["createsuperuser", "--noinput", "--verbosity", "0"]
    run_in_parallel([(auth_system.order.project, auth_system.order.environment | variables, command)])
    with auth_system.gateway.client() as client:
        page = client.get("/admin/order/login/").text
        token = re.search('name="csrfmiddlewaretoken" value="([^"]+)"', page)[1]
        form = {"username": "office", "password": PASSWORD, "csrfmiddlewaretoken": token}
        assert client.post("/admin/order/login/?next=/orders", data=form).status_code == 302

        browsed = client.get("/orders", headers={"Accept": "text/html"})
        elsewhere = client.get("/users", headers={"Accept": "text/html"})

    assert (browsed.status_code, elsewhere.status_code) == (200, 401)


def test_no_credential_is_in_a_log(john, auth_system, environment):
    token = john.headers["Authorization"].removeprefix("Bearer ")
    make_order(john, user_id=john.user["id"])
    john.get("/orders", params={"access_token": token})
    john.get("/orders", headers={"Authorization": f"Bearer {token}x"})
    signature = token.rpartition(".")[2]

    logs = "".join(service.log for service in auth_system.services)

    assert f"subject={jwt.decode(token, options={'verify_signature': False})['sub']}" in logs
    assert signature not in logs
    assert environment["SERVICE_TOKEN"] not in logs
