"""Slow clients do not delay other clients."""

import resource
import socket
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.client import Client, request
from tests.process import configuration
from tests.upstream import respond_with

MANY = 600
LARGE = b"HTTP/1.1 200 OK\r\nContent-Length: 4000000\r\n\r\n" + bytes(4_000_000)  # more than the socket buffers hold
PATIENT = 60  # seconds; a worker blocked by a slow client would take longer


@pytest.fixture
def patient_gateway(share, upstream):
    """A gateway with a long read timeout, because the upstream holds hundreds of responses."""
    return share(configuration(upstream.url, upstream="read_timeout = 60.0"))


@pytest.fixture
def hasty_gateway(share, upstream):
    """A gateway that closes idle connections after a second."""
    return share(configuration(upstream.url), GUNICORN_CMD_ARGS="--keep-alive=1")


@pytest.fixture
def crowd(patient_gateway):
    clients = [Client(patient_gateway.port) for _ in range(MANY)]
    yield clients
    for client in clients:
        client.close()


def test_slow_heads_bodies_and_readers_do_not_delay_other_clients(patient_gateway, upstream, crowd):
    upstream.script = lambda connection, arrived: connection.send(
        LARGE if arrived.target == b"/large" else b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    )
    for number, client in enumerate(crowd):
        slow = number % 4
        if slow == 0:
            client.send(b"GET / HTTP/1.1\r\nHost: exam")
        elif slow == 1:
            client.send(request("POST", "/", "Content-Length: 1000000") + b"a" * 100_000)
        elif slow == 2:
            client.send(request("POST", "/", "Transfer-Encoding: chunked") + b"1\r\na\r\n")
        else:
            client.send(request("GET", "/large"))  # the client does not read it

    for _ in range(20):
        with Client(patient_gateway.port, timeout=PATIENT) as client:
            client.send(request())
            assert client.read().status == 200


def test_endless_head_is_rejected_at_the_timeout(gateway):
    with Client(gateway.port, timeout=PATIENT) as client:
        client.send(b"GET / HTTP/1.1\r\nHost:")
        started_at = time.monotonic()
        while time.monotonic() - started_at < 9:  # single bytes do not extend the timeout
            time.sleep(1.5)
            client.send(b"a")
        got = client.read()

    assert got.status == 408
    assert time.monotonic() - started_at > 9


def test_only_idle_connections_are_closed(hasty_gateway):
    with Client(hasty_gateway.port) as idle, Client(hasty_gateway.port) as fresh, Client(hasty_gateway.port) as slow:
        idle.send(request())
        idle.read()
        slow.send(b"GET / HTTP/1.1\r\nHost: exam")

        assert idle.is_closed()
        assert fresh.is_closed()
        time.sleep(2)
        slow.send(b"ple.com\r\n\r\n")
        assert slow.read().status == 200


def test_empty_line_after_a_body_starts_no_request(hasty_gateway):
    with Client(hasty_gateway.port) as client:
        client.send(request("POST", "/", body=b"hello") + b"\r\n")
        client.read()

        assert client.is_closed()  # as idle, without a 408


def test_truncated_body_is_rejected(gateway, upstream):
    with Client(gateway.port) as client:
        client.send(request("POST", "/", "Content-Length: 1000") + b"a")
        client.socket.shutdown(socket.SHUT_WR)
        assert client.read().status == 400

    assert upstream.requests == []


def test_hundreds_of_held_requests_are_served_concurrently(patient_gateway, upstream):
    def hold(connection, arrived):
        time.sleep(0.7)
        respond_with(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")(connection, arrived)

    upstream.script = hold
    started_at = time.monotonic()
    clients = [Client(patient_gateway.port, timeout=PATIENT) for _ in range(300)]
    for client in clients:
        client.send(request())
    statuses = {client.read().status for client in clients}
    for client in clients:
        client.close()

    assert statuses == {200}
    assert time.monotonic() - started_at < 100  # 210 s one after the other


def test_client_over_the_connection_limit_is_served_after_another_disconnects(start, upstream):
    gateway = start(configuration(upstream.url), GUNICORN_CMD_ARGS="--worker-connections=5")
    with ExitStack() as stack:
        clients = [stack.enter_context(Client(gateway.port)) for _ in range(5)]
        for client in clients:
            client.send(request())
            assert client.read().status == 200
        last = stack.enter_context(Client(gateway.port, timeout=1))
        last.send(request())
        with pytest.raises(TimeoutError):
            last.receive()
        clients[0].close()
        last.socket.settimeout(10)

        assert last.read().status == 200


def test_worker_recovers_from_a_lack_of_file_descriptors(start, upstream):
    # Its own gateway: requests still queued at the end must not reach the shared upstream during other tests.
    gateway = start(configuration(upstream.url), GUNICORN_CMD_ARGS="--keep-alive=1")
    (worker,) = gateway.workers()
    in_use = len(list(Path(f"/proc/{worker}/fd").iterdir()))
    most, hard = resource.prlimit(worker, resource.RLIMIT_NOFILE)
    resource.prlimit(worker, resource.RLIMIT_NOFILE, (in_use + 20, hard))
    try:
        with ExitStack() as stack:
            for _ in range(60):
                stack.enter_context(Client(gateway.port)).send(request())
            time.sleep(1)

        with Client(gateway.port, timeout=PATIENT) as client:
            client.send(request())
            assert client.read().status == 200
        assert gateway.workers() == [worker]
    finally:
        resource.prlimit(worker, resource.RLIMIT_NOFILE, (most, hard))
