"""A client that sends requests without pause does not starve other clients."""

import os
import re
import signal
import threading
import time

import gevent
import gevent.socket
import pytest

from proxy.cooperative import cooperative
from tests.client import Client, request
from tests.process import configuration

MANY = 100
SMALL_CHUNKS = b"1\r\na\r\n" * 300_000 + b"0\r\n\r\n"


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


@pytest.fixture
def streaming_gateway(share, upstream):
    """A gateway that streams requests, too."""
    return share(configuration(upstream.url, route="request_buffering = false"))


def test_response_of_many_small_chunks_alternates_with_requests_of_other_clients(streaming_gateway, upstream):
    upstream.script = lambda connection, arrived: connection.send(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + SMALL_CHUNKS
    )

    with Client(streaming_gateway.port, timeout=60) as greedy, Client(streaming_gateway.port) as other:
        greedy.send(request())
        is_received = in_thread(lambda: receive_to_the_end(greedy))
        for _ in range(5):
            other.send(request(target="/health"))
            other.read()

        assert not is_received.is_set()
        assert is_received.wait(60)


def test_upload_of_many_small_chunks_alternates_with_requests_of_other_clients(streaming_gateway, upstream):
    with Client(streaming_gateway.port, timeout=60) as greedy, Client(streaming_gateway.port) as other:
        is_sent = in_thread(
            lambda: greedy.send(request("POST", "/", "Transfer-Encoding: chunked") + SMALL_CHUNKS) or greedy.read()
        )
        for _ in range(5):
            other.send(request(target="/health"))
            other.read()

        assert not is_sent.is_set()
        assert is_sent.wait(60)


def test_sockets_are_polled_between_long_pieces():
    ours, peer = gevent.socket.socketpair()
    with ours, peer:
        reader = gevent.spawn(ours.recv, 1)
        gevent.sleep(0)  # the reader waits now
        peer.send(b"x")

        pieces = cooperative(long_piece(number) for number in range(20))
        read_at = next((number for number in pieces if reader.ready()), None)

    assert read_at in (1, 2)


def long_piece(number):
    ends_at = time.thread_time() + 0.005
    while time.thread_time() < ends_at:
        pass
    return number


def in_thread(function):
    """Run ``function`` in a thread; return an event that is set afterwards."""
    done = threading.Event()
    threading.Thread(target=lambda: (function(), done.set()), daemon=True).start()
    return done


def receive_to_the_end(client):
    end = b""
    while not end.endswith(b"0\r\n\r\n"):
        received = client.socket.recv(1_000_000)
        assert received, "the connection was closed"
        end = end[-5:] + received


def wait_for_lines(gateway, number):
    """Return the names of the clients in the order of their responses."""
    for _ in range(200):
        if len(order := re.findall("/(early|greedy|late)", gateway.log)) == number:
            return order
        time.sleep(0.05)
    pytest.fail(f"{len(order)} of {number} requests got a response")
