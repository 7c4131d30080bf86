"""Requests that have not come whole: they hold no thread, little memory, and end in time."""

import contextlib
import signal
import time

import pytest
from client import ask, connect, receive
from server import THREADS

HEAD = b"POST / HTTP/1.1\r\nHost: localhost\r\n"
BEGINNINGS = {
    "head": b"POST / HT",
    "body": HEAD + b"Content-Length: 9\r\n\r\nx",
    "large body": HEAD + b"Content-Length: 1000000\r\n\r\n" + b"x" * 300_000,
    "chunks": HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n1",
    "body that waits for a 100": HEAD + b"Expect: 100-continue\r\nContent-Length: 9\r\n\r\n",
    "nonsense": b"nonsense\r\n\r\n",  # is refused, and the client does not close
}


@pytest.mark.parametrize("beginning", BEGINNINGS)
def test_they_hold_no_thread(port, connect_many, beginning):
    for client in connect_many(port, 5 * THREADS):
        client.sendall(BEGINNINGS[beginning])
    time.sleep(0.2)
    began = time.monotonic()

    with connect(port) as client:
        assert [ask(client) for _ in range(5)] == [b"/"] * 5

    assert time.monotonic() - began < 10  # a thread that is held waits for 30 s


def test_they_are_refused_in_time_whatever_still_comes(start):
    with connect(start("--timeout=2").port) as client:
        began = time.monotonic()
        received = b""
        client.settimeout(0.2)
        client.sendall(HEAD)
        while not received:  # a byte now and then gives it no more time
            client.sendall(b"X")
            with contextlib.suppress(TimeoutError):
                received = client.recv(1000)

    assert received.startswith(b"HTTP/1.1 408 ")
    assert b"urn:problem:request_timeout" in received
    assert time.monotonic() - began >= 2


def test_each_request_of_a_connection_has_its_own_time(start):
    with connect(start("--timeout=3").port) as client:
        for _ in range(3):
            client.sendall(HEAD)
            time.sleep(1.2)
            client.sendall(b"Content-Length: 0\r\n\r\n")
            assert receive(client) == b"/"


def test_an_empty_line_begins_none(start):
    with connect(start("--keep-alive=1").port) as client:
        client.sendall(b"\r\n")

        assert client.recv(1) == b""  # as idle, without a 408


def test_they_share_a_bounded_memory(start, connect_many):
    port = start("--worker-class=application.SmallWorker").port
    clients = connect_many(port, 5)
    for client in clients:
        client.sendall(HEAD + b"Content-Length: 300001\r\n\r\n" + b"x" * 300_000)
        time.sleep(0.3)

    refused = [client.recv(1000) for client in clients[3:]]
    for client in clients[:3]:
        client.sendall(b"x")

    for response in refused:
        assert response.startswith(b"HTTP/1.1 503 ")
        assert b"urn:problem:overloaded" in response
    for client in clients[:3]:
        assert receive(client).startswith(b"/xxx")
    for client in connect_many(port, 3):  # there is room again
        client.sendall(HEAD + b"Content-Length: 300001\r\n\r\n" + b"x" * 300_000)
        time.sleep(0.1)
        client.sendall(b"x")
        assert receive(client).startswith(b"/xxx")


def test_a_client_that_goes_on_sending_reads_its_refusal(port):
    with connect(port) as client:
        client.sendall(b"nonsense\r\n\r\n" + b"x" * 500_000)

        assert client.recv(12) == b"HTTP/1.1 400"


def test_told_to_stop_the_worker_waits_for_them(start):
    server = start("--graceful-timeout=8")
    with connect(server.port) as client:
        client.sendall(HEAD)
        time.sleep(0.3)
        server.process.send_signal(signal.SIGTERM)
        time.sleep(3)
        client.sendall(b"Content-Length: 0\r\n\r\n")

        assert receive(client) == b"/"
