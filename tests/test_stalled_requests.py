"""Stalled requests do not delay other clients, through the gateway and directly at the services."""

import socket
import time
from contextlib import ExitStack

import pytest

from tests.api import make_order

CLIENTS = 40  # more than the services have threads
BODIES = {
    "length": ("Content-Length: 100000", b"x" * 70_000),
    "chunks": ("Transfer-Encoding: chunked", b"1\r\nx\r\n"),
    "expectation": ("Expect: 100-continue\r\nContent-Length: 10", b""),
}


@pytest.fixture
def stall():
    """Start requests, and leave them incomplete until the end of the test."""
    with ExitStack() as stack:

        def stall(address, path, body):
            field, content = BODIES[body]
            head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n{field}\r\n\r\n"
            for _ in range(CLIENTS):
                client = stack.enter_context(socket.create_connection((address.host, address.port)))
                client.sendall(head.encode() + content)

        yield stall


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("at", ["gateway", "services"])
def test_orders_are_placed_while_requests_stall(system, stall, body, at):
    for name, path in (("user", "/users"), ("order", "/orders")):
        service = system.gateway if at == "gateway" else getattr(system, name)
        stall(service.address, path, body)
    time.sleep(0.3)
    started = time.monotonic()

    with system.gateway.client() as client:
        order = make_order(client)
        assert client.get(f"/orders/{order['id']}").json() == order

    assert time.monotonic() - started < 5
