"""SIGHUP activates a new routes file without a failed request."""

import json
import os
import signal
import threading
import time

import pytest

from tests.client import Client, exchange, request
from tests.process import configuration, started, wait_for
from tests.upstream import OK, Upstream, respond_with


def body(gateway):
    return exchange(gateway.port, request()).body


@pytest.fixture(scope="module")
def other():
    """The upstream of new routes."""
    upstream = Upstream()
    upstream.script = respond_with(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nother")
    yield upstream
    upstream.close()


@pytest.fixture(scope="module")
def gateway_of_module(session_upstream, tmp_path_factory):
    settings = configuration(session_upstream.url, upstream="read_timeout = 20.0")
    with started(tmp_path_factory.mktemp("gateway"), settings) as gateway:
        yield gateway


@pytest.fixture
def gateway(gateway_of_module, upstream):
    """A gateway of one process, with the valid routes of the last test."""
    gateway_of_module.begin_log()
    return gateway_of_module


def test_reload_activates_new_routes_without_a_failed_request(start, upstream, other):
    gateway = start(configuration(upstream.url), workers=2)
    statuses, ends = [], threading.Event()

    def keep_sending():
        client = Client(gateway.port)
        while not ends.is_set():
            client.send(request())
            got = client.read()
            statuses.append(got.status)
            time.sleep(0.02)
            if got.values(b"Connection") == [b"close"]:
                client.close()
                client = Client(gateway.port)
        client.close()

    senders = [threading.Thread(target=keep_sending) for _ in range(4)]
    for sender in senders:
        sender.start()
    wait_for(lambda: len(statuses) > 100)
    gateway.file.write_text(configuration(other.url))
    gateway.reload()
    wait_for(lambda: [body(gateway) for _ in range(4)] == [b"other"] * 4)
    seen = len(statuses)
    wait_for(lambda: len(statuses) > seen + 100)
    ends.set()
    for sender in senders:
        sender.join()

    assert set(statuses) == {200}
    assert "Configuration reloaded" in gateway.log


def test_request_in_progress_completes_with_the_old_routes(gateway, upstream, other):
    released = threading.Event()

    def hold_slow_ones(connection, arrived):
        if arrived.target != b"/slow":
            connection.send(OK)
            return
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n" + b"a" * 4)
        released.wait(20)
        connection.send(b"a" * 4)

    upstream.script = hold_slow_ones
    with Client(gateway.port) as client:
        client.send(request(target="/slow"))
        client.read_until(b"\r\n\r\n")
        gateway.file.write_text(configuration(other.url, upstream="read_timeout = 20.0"))
        gateway.reload()
        wait_for(lambda: [body(gateway) for _ in range(4)] == [b"other"] * 4)
        time.sleep(1.5)  # a process that does not wait for its requests would have ended
        released.set()
        while len(client.buffer) < 8:
            assert client.receive()

    assert client.buffer == b"a" * 8


def test_invalid_file_keeps_the_last_valid_routes(gateway, upstream):
    first, valid = gateway.workers(), gateway.file.read_text()
    gateway.file.write_text("[[routes]]\noops = 1\n")

    gateway.reload()
    wait_for(lambda: gateway.workers() and not set(first) & set(gateway.workers()))

    assert exchange(gateway.port, request()).status == 200
    assert "stays active" in gateway.log
    health = json.loads(exchange(gateway.port, request(target="/health")).body)
    assert "routes[1].path: is required" in health["configuration"]["refused"]
    assert health["status"] == "ok"

    gateway.file.write_text(valid)
    second = gateway.workers()
    gateway.reload()
    wait_for(lambda: not set(second) & set(gateway.workers()))
    assert json.loads(exchange(gateway.port, request(target="/health")).body)["configuration"]["refused"] is None


def test_replacement_of_a_killed_worker_uses_the_active_routes(gateway, upstream):
    wait_for(lambda: len(gateway.workers()) == 1)
    (worker,) = gateway.workers()
    valid = gateway.file.read_text()
    gateway.file.write_text("oops = 1\n")

    os.kill(worker, signal.SIGKILL)
    wait_for(lambda: gateway.workers() not in ([], [worker]))

    assert exchange(gateway.port, request()).status == 200
    gateway.file.write_text(valid)


def test_stop_completes_requests_and_disconnects_idle_clients(start, upstream, tmp_path):
    def slow(connection, arrived):
        time.sleep(0.8)
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    temporary = tmp_path / "temporary"
    temporary.mkdir()
    gateway = start(configuration(upstream.url), TMPDIR=str(temporary))
    assert list(temporary.iterdir())  # the metrics
    upstream.script = slow
    with Client(gateway.port) as busy, Client(gateway.port) as idle:
        idle.send(request(target="/health"))
        idle.read()
        busy.send(request())
        time.sleep(0.2)
        gateway.process.terminate()
        got = busy.read()
        assert (got.status, got.value(b"Connection")) == (200, b"close")
        assert idle.is_closed()
        assert gateway.process.wait(8) == 0
    assert not list(temporary.iterdir())
    assert "Traceback" not in gateway.log
