"""Many slow clients do not delay other clients, through the gateway and directly at the services."""

import contextlib
import socket
import time
from contextlib import ExitStack

import pytest

from tests.api import make_order

CLIENTS = 200  # of each service, which has twelve threads at most
ORDERS = 8
SECONDS = 60  # more if slow clients held threads or connection slots
HEADS = {
    "slow heads": "GET /{name}s HTTP/1.1\r\nHost: localhost\r\nX: ",
    "stalled lengths": "POST /{name}s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    "Content-Length: 100000\r\n\r\n" + "x" * 70_000,
    "stalled chunks": "POST /{name}s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    "Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n",
    "expectations": "POST /{name}s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    "Expect: 100-continue\r\nContent-Length: 10\r\n\r\n",
    "slow readers": "GET /static/{name}/admin/js/vendor/jquery/jquery.js HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "idle": "",
}


@pytest.fixture
def connect_clients():
    """Connects clients that send ``beginning`` and read nothing; returns their sockets."""
    with ExitStack() as stack:

        def connect_clients(address, beginning):
            clients = []
            for _ in range(CLIENTS):
                client = stack.enter_context(socket.socket())
                client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                client.connect((address.host, address.port))
                client.settimeout(0)
                clients.append(client)
                with contextlib.suppress(OSError):
                    client.send(beginning.encode())
            return clients

        yield connect_clients


def send_a_byte(clients):
    """Send another byte on each connection that is still open."""
    for client in clients:
        with contextlib.suppress(OSError):
            client.send(b"x")


@pytest.mark.parametrize("at", ["gateway", "services"])
@pytest.mark.parametrize("kind", HEADS)
def test_orders_are_placed_beside_slow_clients(system, connect_clients, kind, at):
    with system.gateway.client() as client:
        groups = [
            connect_clients((system.gateway if at == "gateway" else service).address, HEADS[kind].format(name=name))
            for name, service in (("user", system.by_name["user"]), ("order", system.by_name["order"]))
        ]
        started = time.monotonic()

        for _ in range(ORDERS):
            order = make_order(client)
            assert client.get(f"/orders/{order['id']}").json() == order
            if kind == "slow heads":
                send_a_byte(groups[0] + groups[1])

        assert time.monotonic() - started < SECONDS
