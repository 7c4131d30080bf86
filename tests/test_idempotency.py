"""An idempotency key creates one order, even with concurrent requests to several processes."""

import threading
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest

from devservers.processes import wait_for
from tests.api import make_user
from tests.databases import fetch_all

CLIENTS = 200
IN_USE = "urn:problem:idempotency_key_in_use"
REUSED = "urn:problem:idempotency_key_reused"


@pytest.fixture
def key():
    return f"key-{uuid.uuid4()}"


def place_at_once(gateway, key, bodies):
    """Send one order for each body at the same moment, each on its own connection."""
    barrier = threading.Barrier(len(bodies))

    def place(body):
        with gateway.client() as client:
            client.get("/health/live")  # opens the connection
            barrier.wait()
            return client.post("/orders", json=body, headers={"Idempotency-Key": key})

    with ThreadPoolExecutor(len(bodies)) as pool:
        return list(pool.map(place, bodies))


def place_until_created(gateway, key, body):
    """Retry an order while its key is in use."""
    responses = []

    def is_created():
        responses.append(gateway.post("/orders", json=body, headers={"Idempotency-Key": key}))
        return responses[-1].status_code == 201

    assert wait_for(is_created, seconds=5), responses[-1].text
    return responses[-1]


def kind(response):
    if response.status_code == 201:
        return "replayed" if "Idempotent-Replayed" in response.headers else "created"
    return response.json()["type"]


def order_ids(system, user):
    query = "SELECT id FROM orders_order WHERE user_id = %s"
    return [row[0] for row in fetch_all(system.database_urls["order"], query, user["id"])]


def test_two_hundred_simultaneous_orders_with_one_key_create_one_order(system, gateway, key):
    user = make_user(gateway)
    body = {"user_id": user["id"], "product_name": "Laptop"}

    workers = psutil.Process(system.order.process.pid).children()
    responses = place_at_once(system.gateway, key, [body] * CLIENTS)
    later = place_until_created(gateway, key, body)

    kinds = Counter(kind(response) for response in responses)
    print(f"{len(workers)} workers: {dict(kinds)}")  # noqa: T201 - the outcomes
    assert len(workers) > 1
    assert kinds["created"] == 1
    assert set(kinds) <= {"created", "replayed", IN_USE}
    assert kind(later) == "replayed"
    for response in [*responses, later]:
        if response.status_code == 201:
            assert response.content == later.content
            assert response.headers["Location"] == later.headers["Location"]
            assert response.headers.get("Idempotent-Replayed") in (None, "true")
        else:
            assert (response.status_code, response.headers["Retry-After"]) == (409, "1")
    assert order_ids(system, user) == [later.json()["id"]]


def test_one_of_two_different_simultaneous_orders_with_one_key_is_rejected(system, gateway, key):
    user = make_user(gateway)
    bodies = [{"user_id": user["id"], "product_name": name} for name in ("Laptop", "Phone")]

    responses = place_at_once(system.gateway, key, bodies * 20)

    (created,) = (response for response in responses if kind(response) == "created")
    winner = created.json()["product_name"]
    assert order_ids(system, user) == [created.json()["id"]]
    for body, response in zip(bodies * 20, responses, strict=True):
        if body["product_name"] == winner:
            assert kind(response) in ("created", "replayed", IN_USE)
        else:
            assert (response.status_code, kind(response)) == (422, REUSED)
