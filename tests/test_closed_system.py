"""With ``AUTH=true``, events reach the orders, and staff have the browsable API."""

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


def test_events_reach_the_orders(system, client, bearer, tmp_path):
    worker = EventWorker(system.order, tmp_path / "worker.log")
    worker.start()
    try:
        user = {"name": "Ada", "email": "ada@example.com"}
        ada = client.post("/users", json=user, headers=bearer("office", WRITE)).json()["id"]
        as_ada = bearer(ada, WRITE)
        order = client.post("/orders", json={"user_id": ada, "product_name": "Laptop"}, headers=as_ada).json()
        client.delete(f"/users/{ada}", headers=bearer("office", WRITE))

        def is_flagged():
            return client.get(f"/orders/{order['id']}", headers=as_ada).json()["user_deleted_at"]

        assert wait_for(is_flagged, seconds=NOTICE_SECONDS)
    finally:
        worker.kill()


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
