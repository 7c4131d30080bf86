"""Deletion and deactivation of a user reach the user's orders, across the running services."""

import time

import pytest

from devservers.processes import wait_for
from tests.api import make_order, make_user
from tests.event_worker import EventWorker

NOTICE_SECONDS = 20.0  # it takes two on an idle machine


@pytest.fixture(scope="module")
def consuming_system(run_system_with_events, tmp_path_factory):
    settings = {"ORDERS_DURING_OUTAGE": "true", "USER_SERVICE_BREAKER_FAILURES": "1", "WEB_CONCURRENCY": "1"}
    with run_system_with_events(**settings) as system:
        worker = EventWorker(system.order, tmp_path_factory.mktemp("worker") / "log")
        worker.start()
        try:
            yield system
        finally:
            worker.kill()


def order_of(client, order):
    return client.get(f"/orders/{order['id']}").json()


def test_deletion_and_deactivation_reach_the_orders(consuming_system):
    with consuming_system.gateway.client() as client:
        gone, paused = make_order(client), make_order(client)

        assert client.delete(f"/users/{gone['user_id']}").status_code == 204
        client.patch(f"/users/{paused['user_id']}", json={"is_active": False})

        assert wait_for(lambda: order_of(client, gone)["user_deleted_at"], seconds=NOTICE_SECONDS)
        assert wait_for(lambda: order_of(client, paused)["user_deactivated_at"], seconds=NOTICE_SECONDS)
        refused = client.post("/orders", json={"user_id": paused["user_id"], "product_name": "Laptop"})
        assert refused.status_code == 400
        assert refused.json()["errors"][0]["code"] == "inactive_user"

        client.patch(f"/users/{paused['user_id']}", json={"is_active": True})

        assert wait_for(lambda: not order_of(client, paused)["user_deactivated_at"], seconds=NOTICE_SECONDS)


def test_known_users_can_order_while_the_user_service_is_frozen(consuming_system):
    with consuming_system.gateway.client() as client:
        active, paused = make_user(client), make_user(client, is_active=False)
        probe = make_order(client)
        client.delete(f"/users/{probe['user_id']}")
        assert wait_for(lambda: order_of(client, probe)["user_deleted_at"], seconds=NOTICE_SECONDS)
        consuming_system.user.suspend()
        try:
            first = client.post("/orders", json={"user_id": active["id"], "product_name": "Laptop"})
            while (
                client.post("/orders", json={"user_id": 10**9, "product_name": "Laptop"}).elapsed.total_seconds() > 1
            ):
                pass  # until the circuit is open
            started = time.monotonic()
            placed = client.post("/orders", json={"user_id": active["id"], "product_name": "Laptop"})
            took = time.monotonic() - started
            refused = client.post("/orders", json={"user_id": paused["id"], "product_name": "Laptop"})
            deleted = client.post("/orders", json={"user_id": probe["user_id"], "product_name": "Laptop"})
            unknown = client.post("/orders", json={"user_id": 10**9, "product_name": "Laptop"})
        finally:
            consuming_system.user.resume()

    assert first.status_code == placed.status_code == 201
    assert took < 3  # the time limit of a call; half a second on an idle machine
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (400, "inactive_user")
    assert (deleted.status_code, deleted.json()["errors"][0]["code"]) == (400, "unknown_user")
    assert unknown.status_code == 503
    assert unknown.headers["Retry-After"]


def test_the_feed_is_not_routed_by_the_gateway(gateway):
    assert gateway.get("/events").status_code == 404
