"""A client that sends requests without pause does not starve other clients."""

import os
import re
import signal
import time

import pytest

from tests.client import Client, request
from tests.process import configuration

MANY = 100


@pytest.fixture
def quiet_gateway(start, upstream):
    """A gateway without a route for these requests, so that nothing waits for an upstream."""
    return start(configuration(upstream.url).replace('path = "/"', 'path = "/elsewhere"'))


def test_pipelined_requests_alternate_with_requests_of_other_clients(quiet_gateway):
    (worker,) = quiet_gateway.workers()
    with (
        Client(quiet_gateway.port) as early,
        Client(quiet_gateway.port) as greedy,
        Client(quiet_gateway.port) as late,
    ):
        clients = {"early": early, "greedy": greedy, "late": late}
        for client in clients.values():
            client.send(request(target="/first"))
            client.read()

        os.kill(worker, signal.SIGSTOP)
        for name, client in clients.items():
            client.send(request(target=f"/{name}") * (MANY if name == "greedy" else 1))
        os.kill(worker, signal.SIGCONT)
        order = wait_for_lines(quiet_gateway, MANY + 2)

    # Any of the three clients may be served first.
    assert max(order.index("early"), order.index("late")) <= 4


def wait_for_lines(gateway, number):
    """Return the names of the clients in the order of their responses."""
    for _ in range(200):
        if len(order := re.findall("/(early|greedy|late)", gateway.log)) == number:
            return order
        time.sleep(0.05)
    pytest.fail(f"{len(order)} of {number} requests got a response")
