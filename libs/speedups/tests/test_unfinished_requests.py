"""Incomplete requests: they block no thread, use bounded memory, and time out."""

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
    "malformed": b"nonsense\r\n\r\n",  # the client does not close the connection after the 400
}


@pytest.mark.parametrize("beginning", BEGINNINGS)
def test_incomplete_requests_hold_no_thread(port, connect_many, beginning):
    for client in connect_many(port, 5 * THREADS):
        client.sendall(BEGINNINGS[beginning])
    time.sleep(0.2)
    began = time.monotonic()

    with connect(port) as client:
        assert [ask(client) for _ in range(5)] == [b"/"] * 5

    assert time.monotonic() - began < 10  # a blocked thread would wait for 30 s


def test_incomplete_request_times_out_while_bytes_arrive(start):
    with connect(start("--timeout=2").port) as client:
        began = time.monotonic()
        received = b""
        client.settimeout(0.2)
        client.sendall(HEAD)
        while not received:  # further bytes do not extend the timeout
            client.sendall(b"X")
            with contextlib.suppress(TimeoutError):
                received = client.recv(1000)

    assert received.startswith(b"HTTP/1.1 408 ")
    assert b"urn:problem:request_timeout" in received
    assert time.monotonic() - began >= 2


def test_timeout_starts_anew_for_each_request(start):
    with connect(start("--timeout=3").port) as client:
        for _ in range(3):
            client.sendall(HEAD)
            time.sleep(1.2)
            client.sendall(b"Content-Length: 0\r\n\r\n")
            assert receive(client) == b"/"


def test_empty_line_starts_no_request(start):
    with connect(start("--keep-alive=1").port) as client:
        client.sendall(b"\r\n")

        assert client.recv(1) == b""  # closed by the idle timeout, without a 408


def test_incomplete_requests_share_a_memory_limit(start, connect_many):
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
    for client in connect_many(port, 3):  # memory was released
        client.sendall(HEAD + b"Content-Length: 300001\r\n\r\n" + b"x" * 300_000)
        time.sleep(0.1)
        client.sendall(b"x")
        assert receive(client).startswith(b"/xxx")


def test_client_that_is_still_sending_receives_its_refusal(port):
    with connect(port) as client:
        client.sendall(b"nonsense\r\n\r\n" + b"x" * 500_000)

        assert client.recv(12) == b"HTTP/1.1 400"


def test_graceful_shutdown_waits_for_incomplete_requests(start):
    server = start("--graceful-timeout=8")
    with connect(server.port) as client:
        client.sendall(HEAD)
        time.sleep(0.3)
        server.process.send_signal(signal.SIGTERM)
        time.sleep(3)
        client.sendall(b"Content-Length: 0\r\n\r\n")

        assert receive(client) == b"/"
