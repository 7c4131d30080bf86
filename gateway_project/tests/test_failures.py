"""Responses to a client when the upstream fails."""

import json
import socket
import struct
import threading
import time
from contextlib import ExitStack

import pytest

from tests.client import Client, exchange, request
from tests.process import configuration, free_port, started
from tests.upstream import OK, respond_with


def problem(got):
    assert got.value(b"Content-Type") == b"application/problem+json"
    content = json.loads(got.body)
    assert content["request_id"].encode() == got.value(b"X-Request-ID")
    assert content["status"] == got.status
    return content


@pytest.fixture(scope="module")
def full_port():
    """A port whose backlog is full, so that the next connection attempt gets no reply."""
    with ExitStack() as stack:
        port = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0)).getsockname()[1]
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.settimeout(0)
            waiting.connect_ex(("127.0.0.1", port))
        yield port


@pytest.fixture(scope="module")
def failing(session_upstream, full_port, tmp_path_factory):
    """A gateway with routes to unreachable upstreams, and one to an upstream with a total timeout of 0.7 s."""
    settings = [
        configuration(f"http://127.0.0.1:{free_port()}", name="refusing"),
        configuration("http://does-not-exist.invalid", name="unknown"),
        configuration(f"http://127.0.0.1:{full_port}", name="full", upstream="connect_timeout = 0.3"),
        configuration(session_upstream.url, name="short", upstream="total_timeout = 0.7"),
    ]
    with started(tmp_path_factory.mktemp("gateway"), "".join(settings)) as gateway:
        yield gateway


def test_refused_connection_is_503(failing):
    got = exchange(failing.port, request(target="/refusing"))

    assert (got.status, got.value(b"Retry-After")) == (503, b"1")
    assert problem(got)["type"] == "urn:problem:upstream_unreachable"


def test_unknown_host_is_503(failing):
    assert exchange(failing.port, request(target="/unknown")).status == 503


@pytest.mark.timing
def test_connect_timeout_is_503(failing):
    started_at = time.monotonic()
    got = exchange(failing.port, request(target="/full"))

    assert got.status == 503
    assert 0.25 < time.monotonic() - started_at < 1


@pytest.mark.timing
def test_read_timeout_is_504(gateway, upstream):
    upstream.script = lambda connection, arrived: time.sleep(3)

    started_at = time.monotonic()
    got = exchange(gateway.port, request())

    assert got.status == 504
    assert problem(got)["type"] == "urn:problem:upstream_timeout"
    assert 0.9 < time.monotonic() - started_at < 1.5  # read_timeout is one second
    assert len(upstream.requests) == 1


def test_upstream_that_reads_no_body_is_504(gateway, upstream):
    upstream.on_head = lambda connection, arrived: time.sleep(4)

    with Client(gateway.port) as client:
        client.send(request("POST", "/", "Content-Length: 100000000"))
        sender = threading.Thread(target=send_until_closed, args=(client,))
        sender.start()
        got = client.read()
        sender.join()

    assert got.status == 504


def send_until_closed(client):
    try:
        for _ in range(1000):
            client.send(bytes(100_000))
    except OSError:
        pass


def test_total_timeout_in_a_response_body_is_a_failure_of_the_upstream(failing, upstream):
    def stall(connection, arrived):
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\na")
        time.sleep(1.5)

    upstream.script = stall
    failing.begin_log()

    got = exchange(failing.port, request(target="/short"))

    assert (got.status, got.complete) == (200, False)
    assert "Upstream failed" in failing.log
    seen = json.loads(exchange(failing.port, request(target="/health")).body)["upstreams"]["short"]
    assert seen["last_error"] == "The upstream did not respond in time."


@pytest.mark.timing
def test_total_timeout_limits_the_whole_exchange(failing, upstream):
    def drip(connection, arrived):
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")
        for _ in range(30):
            time.sleep(0.1)
            connection.send(b"a")

    upstream.script = drip
    started_at = time.monotonic()
    got = exchange(failing.port, request(target="/short"))
    assert (got.status, got.complete) == (200, False)
    assert 0.6 < time.monotonic() - started_at < 1.2

    upstream.script = lambda connection, arrived: time.sleep(2)
    started_at = time.monotonic()
    assert exchange(failing.port, request(target="/short")).status == 504
    assert 0.6 < time.monotonic() - started_at < 0.95


BAD_RESPONSES = {
    "no HTTP": b"hello\r\n\r\n",
    "status of two digits": b"HTTP/1.1 20 OK\r\n\r\n",
    "status of four digits": b"HTTP/1.1 2000 OK\r\n\r\n",
    "status zero": b"HTTP/1.1 000 OK\r\n\r\n",
    "another protocol": b"HTTP/2.0 200 OK\r\n\r\n",
    "bare CR in a value": b"HTTP/1.1 200 OK\r\nX: a\rSet-Cookie: evil=1\r\nContent-Length: 0\r\n\r\n",
    "NUL in a value": b"HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: 0\r\n\r\n",
    "no colon": b"HTTP/1.1 200 OK\r\nX\r\nContent-Length: 0\r\n\r\n",
    "space in a name": b"HTTP/1.1 200 OK\r\nX Y: 1\r\nContent-Length: 0\r\n\r\n",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok",
    "two lengths in one": b"HTTP/1.1 200 OK\r\nContent-Length: 2, 3\r\n\r\nok",
    "a negative length": b"HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\nok",
    "an empty length": b"HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\nok",
    "a length and a comma": b"HTTP/1.1 200 OK\r\nContent-Length: 2,\r\n\r\nok",
    "a comma and a length": b"HTTP/1.1 200 OK\r\nContent-Length: ,2\r\n\r\nok",
    "a length and an empty one": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length:\r\n\r\nok",
    "a malformed length of no body": b"HTTP/1.1 304 Not Modified\r\nContent-Length: 2,\r\n\r\n",
    "a malformed chunk size": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nok\r\n0\r\n\r\n",
    "a negative chunk size": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-2\r\nok\r\n0\r\n\r\n",
    "a length in words": b"HTTP/1.1 200 OK\r\nContent-Length: two\r\n\r\nok",
    "length and chunks": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "an unknown coding": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "too large a head": b"HTTP/1.1 200 OK\r\nX: " + b"a" * 300_000 + b"\r\n\r\n",
}


@pytest.mark.parametrize("name", BAD_RESPONSES)
def test_malformed_response_is_502(gateway, upstream, name):
    upstream.script = respond_with(BAD_RESPONSES[name])

    got = exchange(gateway.port, request())

    assert got.status == 502
    assert problem(got)["type"] == "urn:problem:bad_answer"
    assert len(upstream.requests) == 1
    exchange(gateway.port, request())
    assert upstream.requests[1].connection != upstream.requests[0].connection


CHUNKED_IN_OLD_HTTP = (
    b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"
)


def test_connection_with_chunks_in_http_1_0_is_not_reused(gateway, upstream):
    upstream.script = respond_with(CHUNKED_IN_OLD_HTTP)

    bodies = [exchange(gateway.port, request()).body for _ in range(2)]

    assert bodies == [b"ok", b"ok"]
    first, second = upstream.requests
    assert first.connection != second.connection


REPAIRED = {
    "bare LF": b"HTTP/1.1 200 OK\nX: 1\nContent-Length: 2\n\nok",
    "obsolete folding": b"HTTP/1.1 200 OK\r\nX:\r\n 1\r\nContent-Length: 2\r\n\r\nok",
    "space before colon": b"HTTP/1.1 200 OK\r\nX : 1\r\nContent-Length: 2\r\n\r\nok",
    "one length twice": b"HTTP/1.1 200 OK\r\nX: 1\r\nContent-Length: 2, 2\r\n\r\nok",
    "no reason": b"HTTP/1.1 200\r\nX: 1\r\nContent-Length: 2\r\n\r\nok",
}


@pytest.mark.parametrize("name", REPAIRED)
def test_repairable_response_is_repaired(gateway, upstream, name):
    upstream.script = respond_with(REPAIRED[name])

    got = exchange(gateway.port, request())

    assert (got.status, got.body, got.value(b"X")) == (200, b"ok", b"1")
    assert got.value(b"Content-Length") == b"2"


def test_connection_closed_without_response_is_502(gateway, upstream):
    upstream.script = lambda connection, arrived: connection.close()

    got = exchange(gateway.port, request("POST"))

    assert got.status == 502
    assert problem(got)["type"] == "urn:problem:broken_answer"


BROKEN = {
    "length": b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nstart",
    "chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nstart\r\n",
    "within a chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n64\r\nstart",
    "before the last line": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nstart\r\n0\r\n",
    "bad chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nstart\r\nzz\r\n\r\n",
}


@pytest.mark.parametrize("end", ["close", "reset"])
@pytest.mark.parametrize("name", BROKEN)
def test_truncated_response_is_visibly_truncated_for_the_client(gateway, upstream, name, end):
    def break_off(connection, arrived):
        connection.send(BROKEN[name])
        time.sleep(0.05)
        getattr(connection, end)()

    upstream.script = break_off
    with Client(gateway.port) as client:
        client.send(request())
        got = client.read()

    assert (got.status, got.body, got.complete) == (200, b"start", False)


@pytest.mark.timing
def test_stalled_response_is_aborted_at_the_read_timeout(gateway, upstream):
    def stop(connection, arrived):
        connection.send(BROKEN["length"])
        time.sleep(3)

    upstream.script = stop
    started_at = time.monotonic()
    got = exchange(gateway.port, request())

    assert got.complete is False
    assert time.monotonic() - started_at < 1.5


def test_bytes_beyond_the_content_length_are_not_the_next_response(gateway, upstream):
    upstream.script = respond_with(OK + b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")

    bodies = [exchange(gateway.port, request()).body for _ in range(3)]

    assert bodies == [b"ok"] * 3
    assert {arrived.connection for arrived in upstream.requests} == {0, 1, 2}


def test_download_stops_when_the_client_disconnects(gateway, upstream):
    stopped = threading.Event()

    def endless(connection, arrived):
        connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        try:
            while True:
                connection.send(b"1000\r\n" + bytes(0x1000) + b"\r\n")
        except OSError:
            stopped.set()

    upstream.script = endless
    with Client(gateway.port) as client:
        client.send(request())
        client.read_until(b"\r\n\r\n")

    assert stopped.wait(5)


def test_upload_stops_when_the_client_resets_the_connection(streaming_gateway, upstream):
    ended = threading.Event()

    def read_to_the_end(connection, arrived):
        while connection.receive():
            pass
        ended.set()

    upstream.on_head = read_to_the_end
    client = Client(streaming_gateway.port)
    client.send(request("POST", "/", "Content-Length: 1000000") + b"a" * 1000)
    client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()

    assert ended.wait(5)
