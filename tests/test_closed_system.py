"""With ``AUTH=true``, tokens of the development issuer, through the whole system."""

import re

import pytest

from devservers.processes import wait_for
from issuer.environment import AUDIENCE, ISSUER, development_environment
from issuer.keys import KeyFolder
from issuer.tokens import issue
from tests.event_worker import EventWorker
from tests.system import run_in_parallel

NOTICE_SECONDS = 20.0  # two, on a machine that does nothing else
ACCOUNT = {"USERNAME": "office", "PASSWORD": "correct horse battery staple", "EMAIL": "office@example.com"}
WRITE = "users:read users:write orders:read orders:write"


@pytest.fixture
def bearer(tmp_path):
    """Return the header of a request with a new token."""

    def header(subject, scope):
        claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": str(subject), "client_id": "shop", "scope": scope}
        return {"Authorization": f"Bearer {issue(KeyFolder(tmp_path), claims, seconds=600)}"}

    return header


@pytest.fixture
def system(run_system_with_events, tmp_path):
    environment = {"AUTH": "true"} | development_environment(tmp_path, {"AUTH": "true"})
    with run_system_with_events(**environment) as system:
        yield system


@pytest.fixture
def client(system, bearer):
    with system.gateway.client() as client:
        assert wait_for(lambda: client.get("/users", headers=bearer("1", WRITE)).status_code == 200, seconds=20)
        yield client


@pytest.fixture
def make_caller(client, bearer):
    """Make a user, and return its id and the header of its token."""

    def make(name):
        user = {"name": name, "email": f"{name}@example.com"}
        user_id = client.post("/users", json=user, headers=bearer("office", WRITE)).json()["id"]
        return user_id, bearer(user_id, "orders:read orders:write")

    return make


def test_orders_belong_to_their_users(client, bearer, make_caller):
    (ada, as_ada), (eve, as_eve) = make_caller("ada"), make_caller("eve")
    order = {"user_id": ada, "product_name": "Laptop"}
    placed = client.post("/orders", json=order, headers=as_ada | {"Idempotency-Key": "k"})
    again = client.post("/orders", json=order, headers=as_ada | {"Idempotency-Key": "k"})
    of_eve = client.post("/orders", json=order | {"user_id": eve}, headers=as_eve | {"Idempotency-Key": "k"})
    path = f"/orders/{placed.json()['id']}"

    assert (placed.status_code, again.headers["Idempotent-Replayed"], of_eve.status_code) == (201, "true", 201)
    assert "Idempotent-Replayed" not in of_eve.headers
    assert [client.get(path, headers=headers).status_code for headers in (as_ada, as_eve, {})] == [200, 404, 401]
    assert client.post(f"{path}/cancel", headers=as_eve).status_code == 404
    assert client.post("/orders", json=order, headers=as_eve).json()["type"] == "urn:problem:insufficient_scope"
    assert len(client.get("/orders", headers=bearer("office", "orders:read orders:all")).json()["results"]) == 2
    assert client.get("/events", headers=bearer("office", "events:read")).status_code == 404


def test_events_reach_the_orders(system, client, bearer, make_caller, tmp_path):
    worker = EventWorker(system.order, tmp_path / "worker.log")
    worker.start()
    try:
        ada, as_ada = make_caller("ada")
        order = client.post("/orders", json={"user_id": ada, "product_name": "Laptop"}, headers=as_ada).json()
        client.delete(f"/users/{ada}", headers=bearer("office", WRITE))

        def is_flagged():
            return client.get(f"/orders/{order['id']}", headers=as_ada).json()["user_deleted_at"]

        assert wait_for(is_flagged, seconds=NOTICE_SECONDS)
    finally:
        worker.kill()


def test_identity_of_a_client_is_dropped(client, bearer):
    forged = {"X-Internal-Identity": "forged", "X-Service-Token": "forged"}

    assert client.get("/orders", headers=forged).status_code == 401
    assert client.get("/orders", headers=forged | bearer("7", "orders:read")).status_code == 200


def test_staff_browse_with_the_session_of_the_admin(system, client):
    account = {f"DJANGO_SUPERUSER_{name}": value for name, value in ACCOUNT.items()}
    command = ["createsuperuser", "--noinput", "--verbosity", "0"]
    run_in_parallel([(system.order.project, system.order.environment | account, command)])
    page = client.get("/admin/order/login/").text
    token = re.search('name="csrfmiddlewaretoken" value="([^"]+)"', page)[1]
    form = {"username": "office", "password": ACCOUNT["PASSWORD"], "csrfmiddlewaretoken": token}
    assert client.post("/admin/order/login/?next=/orders", data=form).status_code == 302

    browsed = client.get("/orders", headers={"Accept": "text/html"})
    elsewhere = client.get("/users", headers={"Accept": "text/html"})

    assert (browsed.status_code, elsewhere.status_code) == (200, 401)
