"""The worker's threads, connections, timeouts, failures and graceful shutdown."""

import contextlib
import resource
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from client import ask, connect, receive, send
from server import THREADS, Server

FAILURES = 5


def test_connection_is_kept_alive(port):
    with connect(port) as client:
        assert [ask(client, f"/{number}") for number in range(5)] == [b"/0", b"/1", b"/2", b"/3", b"/4"]


def test_pipelined_requests_are_served(port):
    with connect(port) as client:
        send(client, "/1", body=b"one")
        send(client, "/2", body=b"two")

        assert receive(client, bodies=2) == b"/1one /2two"


def test_idle_connections_block_no_thread(port, connect_many):
    idle = connect_many(port, 5 * THREADS)
    began = time.monotonic()

    with connect(port) as client:
        assert ask(client) == b"/"

    assert time.monotonic() - began < 4  # the idle timeout is five seconds
    assert ask(idle[0]) == b"/"


def test_clients_that_do_not_read_block_no_thread(port, connect_many):
    for client in connect_many(port, 2 * THREADS):
        client.settimeout(0.2)
        with contextlib.suppress(TimeoutError):  # the server stops reading from this client
            for _ in range(100):
                send(client, "/", body=bytes(100_000))

    with connect(port) as client:
        assert ask(client) == b"/"


def test_slow_reader_receives_complete_responses(port):
    with connect(port) as client, ThreadPoolExecutor(1) as pool:

        def send_all():
            for _ in range(20):
                send(client, "/", body=bytes(90_000))
            client.sendall(b"GET /last HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")

        sending = pool.submit(send_all)
        time.sleep(0.5)
        received = b"".join(iter(lambda: client.recv(65536), b""))
        sending.result()

    assert received.count(b"HTTP/1.1 200 OK") == 21
    assert len(received) > 20 * 90_000


def test_send_timeout_closes_a_connection_that_is_not_read(port, new_log):
    with connect(port) as client:
        send(client, "/large")

        assert_closed_large_response(new_log)


def assert_closed_large_response(new_log):
    ends_at = time.monotonic() + 15
    while "closed the large response" not in new_log():
        assert time.monotonic() < ends_at
        time.sleep(0.02)


@pytest.mark.timing
def test_requests_are_served_concurrently(port, connect_many):
    clients = connect_many(port, THREADS)
    began = time.monotonic()

    for client in clients:
        send(client, "/slow")

    assert [receive(client) for client in clients] == [b"/slow"] * THREADS
    assert time.monotonic() - began < 1.9  # a second each


@contextlib.contextmanager
def busy_clients(port, number):
    """Clients that send requests in a loop."""
    stop = threading.Event()

    def send_requests():
        with connect(port) as client:
            while not stop.is_set():
                ask(client, "/busy")

    with ThreadPoolExecutor(number) as pool:
        done = [pool.submit(send_requests) for _ in range(number)]
        try:
            yield
        finally:
            stop.set()
        for one in done:
            one.result()


def test_backlog_is_accepted_at_once(start, connect_many):
    port = start("--threads=1").port
    with busy_clients(port, 4), connect(port) as slow:
        send(slow, "/slow")
        time.sleep(0.3)  # nothing is accepted meanwhile
        for client in (new := connect_many(port, 5)):
            send(client, "/new")
        assert [receive(client) for client in new] == [b"/new"] * 5

    with connect(port) as client:
        served = ask(client, "/served").decode().split()
    first, last = served.index("/new"), len(served) - 1 - served[::-1].index("/new")
    assert served[first:last].count("/busy") <= 4  # at most one request of each busy client


@pytest.fixture(scope="module")
def short_timeouts(tmp_path_factory):
    """The port of a server with a request timeout of 3 s and an idle timeout of 1 s."""
    server = Server(tmp_path_factory.mktemp("short_timeouts"), "--timeout=3", "--keep-alive=1")
    try:
        yield server.wait().port
    finally:
        server.stop()


def test_idle_connection_is_closed(short_timeouts):
    with connect(short_timeouts) as client:
        ask(client)

        assert client.recv(1) == b""


def test_response_may_take_longer_than_the_request_timeout(short_timeouts):
    with connect(short_timeouts) as client:
        assert ask(client, "/slower") == b"/slower"


def test_timeout_of_zero_is_no_limit(start):
    with connect(start("--timeout=0").port) as client:
        client.sendall(b"POST /late HTTP/1.1\r\nHost: localhost\r\n")
        time.sleep(1.5)
        client.sendall(b"Content-Length: 0\r\n\r\n")

        assert receive(client) == b"/late"


def test_client_beyond_the_limit_is_accepted_when_another_disconnects(start, connect_many):
    port = start("--worker-connections=3").port
    connected = connect_many(port, 3)
    assert [ask(client) for client in connected] == [b"/"] * 3
    with connect(port) as waiting:  # in the backlog
        send(waiting)
        waiting.settimeout(0.5)
        with pytest.raises(TimeoutError):
            waiting.recv(1)

        connected[0].close()

        waiting.settimeout(15)
        assert receive(waiting) == b"/"


def test_worker_recovers_from_file_descriptor_exhaustion(start, connect_many):
    server = start()
    (worker,) = server.workers()
    in_use = len(list(Path(f"/proc/{worker}/fd").iterdir()))
    resource.prlimit(worker, resource.RLIMIT_NOFILE, (in_use + 5, in_use + 5))
    clients = connect_many(server.port, 20)
    time.sleep(0.5)
    for client in clients:
        client.close()

    with connect(server.port) as client:
        assert ask(client) == b"/"
    assert server.workers() == [worker]


def test_error_in_a_thread_is_logged_and_the_thread_continues(start):
    server = start("--worker-class=application.FailingWorker")
    broken = 0

    for _ in range(20):
        with connect(server.port) as client:
            send(client)
            broken += client.recv(1000) == b""

    assert broken == FAILURES
    assert server.log.count("RuntimeError: injected") == FAILURES


def test_client_that_disconnects_is_not_logged_as_an_error(port, new_log):
    with connect(port) as client:
        send(client, "/large")
        client.recv(1000)

    assert_closed_large_response(new_log)
    assert "Error" not in new_log()


def test_failure_before_the_response_is_a_500(port, new_log):
    with connect(port) as client:
        send(client, "/broken")

        assert client.recv(1000).startswith(b"HTTP/1.1 500 ")

    assert new_log().count("RuntimeError: injected") == 1


def test_failure_during_the_response_closes_the_connection(port, new_log):
    with connect(port) as client:
        send(client, "/broken-late")

        received = b""
        while data := client.recv(1000):
            received += data

    assert received.endswith(b"\r\n\r\nabc")
    assert new_log().count("RuntimeError: injected") == 1


def test_process_restarts_after_max_requests(start):
    server = start("--max-requests=3")
    with connect(server.port) as client:  # the fixture sent the first request
        ask(client)
        send(client, "/last")

        assert receive(client) == b"/last"
        assert client.recv(1) == b""

    assert "Autorestarting worker" in server.log


@pytest.mark.timing
def test_graceful_shutdown_finishes_running_requests(start):
    server = start("--graceful-timeout=8")
    with connect(server.port) as busy, connect(server.port) as idle:
        ask(idle)
        send(busy, "/slow")
        time.sleep(0.3)
        began = time.monotonic()

        server.process.send_signal(signal.SIGTERM)

        assert receive(busy) == b"/slow"
        assert idle.recv(1) == b""
        assert time.monotonic() - began < 4
    with pytest.raises(ConnectionRefusedError):
        connect(server.port)
    assert server.process.wait(5) == 0
