"""A client that sends requests without pause does not starve other clients."""

import os
import re
import signal
import time

import pytest

from tests.client import Client, request

MANY = 100


@pytest.fixture
def quiet(gateway):
    """A gateway whose log begins with the test."""
    gateway.begin_log()
    return gateway


def refused(name):
    """Return a request that the gateway refuses, so that nothing waits for an upstream."""
    return request("POST", f"/{name}", "Origin: null")


def test_pipelined_requests_alternate_with_requests_of_other_clients(quiet):
    (worker,) = quiet.workers()
    with (
        Client(quiet.port) as early,
        Client(quiet.port) as greedy,
        Client(quiet.port) as late,
    ):
        clients = {"early": early, "greedy": greedy, "late": late}
        for client in clients.values():
            client.send(refused("first"))
            client.read()

        os.kill(worker, signal.SIGSTOP)
        for name, client in clients.items():
            client.send(refused(name) * (MANY if name == "greedy" else 1))
        os.kill(worker, signal.SIGCONT)
        order = wait_for_lines(quiet, MANY + 2)

    # Whichever of the three is served first.
    assert max(order.index("early"), order.index("late")) <= 4


def wait_for_lines(gateway, number):
    """Return the names of the clients in the order of their responses."""
    for _ in range(200):
        if len(order := re.findall("/(early|greedy|late)", gateway.log)) == number:
            return order
        time.sleep(0.05)
    pytest.fail(f"{len(order)} of {number} requests were answered")
