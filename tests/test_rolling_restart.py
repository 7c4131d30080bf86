"""Restarting the replicas of every service in turn fails no request."""

import itertools
import threading
import uuid
from collections import Counter
from contextlib import ExitStack, contextmanager

import pytest
import requests

from devservers.processes import wait_for
from devtools.projects import with_database
from tests.api import make_user
from tests.replicated_system import NUMBER, running_replicated_system
from tests.system import stop_all

LISTS = [project.routing.paths[0] for project in with_database()]
CLIENTS = 4
PAUSE_SECONDS = 0.1  # between one client's requests; about 35 requests a second in total
RECOVERY_SECONDS = 20.0  # until the gateway reinstates a replica; probes are at most 15 s apart


@pytest.fixture
def system(database_urls, data_dir, tmp_path):
    with running_replicated_system(database_urls, data_dir, tmp_path) as system:
        yield system


@contextmanager
def steady_requests(gateway, user):
    """Send reads, orders with and without a key, and new users until the block ends; yield the outcomes."""
    outcomes, stopping = Counter(), threading.Event()

    def order(client, **headers):
        body = {"user_id": user["id"], "product_name": "Laptop"}
        return client.post("/orders", json=body, headers=headers)

    def send_requests():
        kinds = itertools.cycle(
            {
                "order": order,
                "order with a key": lambda client: order(client, **{"Idempotency-Key": str(uuid.uuid4())}),
                "user": lambda client: client.get(f"/users/{user['id']}"),
                "new user": make_user,
                **{path: lambda client, path=path: client.get(path) for path in LISTS},
            }.items()
        )
        with gateway.client() as client:
            while not stopping.wait(PAUSE_SECONDS):
                kind, send = next(kinds)
                try:
                    response = send(client)
                    outcome = response.status_code if isinstance(response, requests.Response) else 201
                except (AssertionError, requests.RequestException) as error:
                    outcome = repr(error)
                outcomes[kind, outcome] += 1

    threads = [threading.Thread(target=send_requests) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    try:
        yield outcomes
    finally:
        stopping.set()
        for thread in threads:
            thread.join()


def all_in_use(client):
    upstreams = client.get("/health").json()["upstreams"]
    return all(upstream["replicas_in_use"] == NUMBER for upstream in upstreams.values())


def restart_while_connected(replicas):
    """Restart replicas; each has a keep-alive connection, for which gunicorn waits up to two seconds."""
    with ExitStack() as stack:
        for replica in replicas:
            assert stack.enter_context(replica.client()).get("/health/live").status_code == 200
        stop_all(replicas)
    for replica in replicas:
        replica.launch()
    for replica in replicas:
        replica.wait_until_ready()


def test_restart_of_the_replicas_in_turn_fails_no_request(system):
    with system.gateway.client() as client:
        user = make_user(client)
        with steady_requests(system.gateway, user) as outcomes:
            for one_of_each_service in zip(*system.replicas.values(), strict=True):
                before = outcomes.total()
                restart_while_connected(one_of_each_service)
                assert wait_for(lambda: all_in_use(client), seconds=RECOVERY_SECONDS, pause_seconds=0.2)
                assert wait_for(lambda: outcomes.total() > before + 50, seconds=RECOVERY_SECONDS)  # noqa: B023

    assert set(outcomes) == {
        ("order", 201),
        ("order with a key", 201),
        ("user", 200),
        ("new user", 201),
        *((path, 200) for path in LISTS),
    }, outcomes
