"""Bodies are forwarded unchanged in both directions, and streamed."""

import gzip
import os
import threading
import time
from pathlib import Path

import pytest

from tests.client import Client, exchange, request
from tests.upstream import OK, respond_with

CHUNKED = "Transfer-Encoding: chunked"


@pytest.fixture(params=["buffering", "streaming"])
def any_gateway(request):
    return request.getfixturevalue("gateway" if request.param == "buffering" else "streaming_gateway")


def unchunk(framed):
    body = b""
    while framed:
        line, _, framed = framed.partition(b"\r\n")
        size = int(line, 16)
        body, framed = body + framed[:size], framed[size + 2 :]
        if not size:
            break
    return body


@pytest.mark.parametrize("size", [1, 100, 65535, 65536, 65537, 1_000_000])
def test_body_with_a_length_is_forwarded_with_it(any_gateway, upstream, size):
    body = os.urandom(size)

    assert exchange(any_gateway.port, request("POST", "/", body=body)).status == 200

    (arrived,) = upstream.requests
    assert arrived.body == body
    assert arrived.values(b"Content-Length") == [b"%d" % size]


def test_chunked_body_is_forwarded_chunked(any_gateway, upstream):
    data = request("POST", "/", CHUNKED) + b'5;ext=1\r\nhello\r\n6 ; a="b"\r\n world\r\n0\r\n\r\n'

    assert exchange(any_gateway.port, data).status == 200

    (arrived,) = upstream.requests
    assert arrived.values(b"Transfer-Encoding") == [b"chunked"]
    assert unchunk(arrived.body) == b"hello world"


def test_empty_chunked_body_is_forwarded(any_gateway, upstream):
    assert exchange(any_gateway.port, request("POST", "/", CHUNKED) + b"0\r\n\r\n").status == 200

    assert upstream.requests[0].body == b"0\r\n\r\n"


def test_trailers_of_a_request_are_forwarded_except_dangerous_ones(any_gateway, upstream):
    trailers = (
        b"X-Sum: 1\r\nHost: evil\r\nContent-Length: 5\r\nConnection: close\r\nForwarded: for=1\r\nX-Real-IP: 1\r\n"
    )
    trailers += b"X-Forwarded-For: 1\r\nX_Forwarded_Host: a\r\nX-Service-Token: a\r\nX-Request-ID: a\r\nx-sum: 2\r\n"
    trailers += b"X-Internal-Identity: a\r\nTraceparent: a\r\nTrace-Level: 2\r\n"

    exchange(any_gateway.port, request("POST", "/", CHUNKED) + b"1\r\na\r\n0\r\n" + trailers + b"\r\n")

    assert upstream.requests[0].body.endswith(b"0\r\nX-Sum: 1\r\nx-sum: 2\r\nTrace-Level: 2\r\n\r\n")


def test_trailers_of_a_response_are_returned(gateway, upstream):
    upstream.script = respond_with(
        b"HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 1\r\n\r\n"
    )

    got = exchange(gateway.port, request("GET", "/", "TE: trailers", "Connection: TE"))

    assert (got.body, got.trailers, got.value(b"Trailer")) == (b"ok", b"X-Sum: 1\r\n", b"X-Sum")


def test_body_of_a_get_is_forwarded(any_gateway, upstream):
    exchange(any_gateway.port, request("GET", "/", body=b"query"))

    assert upstream.requests[0].body == b"query"


def test_upload_is_streamed(streaming_gateway, upstream):
    seen = threading.Event()

    def read_first_chunk(connection, arrived):
        connection.read_until(b"first\r\n")
        seen.set()
        connection.read_until(b"0\r\n\r\n")
        connection.send(OK)

    upstream.on_head = read_first_chunk
    with Client(streaming_gateway.port) as client:
        client.send(request("POST", "/", CHUNKED) + b"5\r\nfirst\r\n")
        assert seen.wait(5)
        client.send(b"4\r\nlast\r\n0\r\n\r\n")
        assert client.read().status == 200


def test_request_and_response_are_streamed_at_the_same_time(streaming_gateway, upstream):
    def echo(connection, arrived):
        connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while (line := connection.read_until(b"\r\n")) != b"0\r\n":
            connection.send(line + connection.read_exactly(int(line, 16) + 2))
        connection.send(b"0\r\n\r\n")

    upstream.on_head = echo
    with Client(streaming_gateway.port) as client:
        client.send(request("POST", "/", CHUNKED))
        client.read_until(b"\r\n\r\n")
        for word in (b"one", b"two"):
            client.send(b"3\r\n%b\r\n" % word)
            assert client.read_until(word + b"\r\n") == b"3\r\n" + word + b"\r\n"
        client.send(b"0\r\n\r\n")
        client.read_until(b"0\r\n\r\n")


def test_early_response_ends_an_upload(streaming_gateway, upstream):
    def refuse(connection, arrived):
        connection.send(b"HTTP/1.1 401 No\r\nContent-Length: 2\r\n\r\nno")

    upstream.on_head = refuse
    with Client(streaming_gateway.port) as client:
        client.send(request("POST", "/", "Content-Length: 10000000") + b"a" * 1000)
        assert (client.read().status, client.is_closed()) == (401, True)


def test_server_sent_events_are_not_buffered(gateway, upstream):
    released = threading.Event()

    def events(connection, arrived):
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        for number in range(3):
            assert released.wait(5)
            released.clear()
            connection.send(b"9\r\ndata: %d\n\n\r\n" % number)
        connection.send(b"0\r\n\r\n")

    upstream.script = events
    with Client(gateway.port) as client:
        client.send(request())
        client.read_until(b"\r\n\r\n")  # the head arrives before the first event
        for number in range(3):
            released.set()
            client.read_until(b"data: %d\n\n\r\n" % number)


def test_head_has_the_fields_of_get_and_no_body(gateway, upstream):
    upstream.script = respond_with(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")

    with Client(gateway.port) as client:
        client.send(request("HEAD") + request("HEAD"))
        for _ in range(2):
            got = client.read(b"HEAD")
            assert (got.status, got.value(b"Content-Length")) == (200, b"1000")


@pytest.mark.parametrize("status", [204, 304])
def test_response_without_body_ends_with_its_head(gateway, upstream, status):
    upstream.script = respond_with(b"HTTP/1.1 %d X\r\nETag: x\r\n\r\n" % status)

    with Client(gateway.port) as client:
        client.send(request() + request())
        assert [client.read().status for _ in range(2)] == [status, status]


def test_not_modified_keeps_the_content_length(gateway, upstream):
    upstream.script = respond_with(b"HTTP/1.1 304 Not Modified\r\nContent-Length: 1000\r\n\r\n")

    assert exchange(gateway.port, request()).value(b"Content-Length") == b"1000"


def test_gzip_is_unchanged(gateway, upstream):
    packed = gzip.compress(b"hello" * 100)
    upstream.script = respond_with(
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed) + packed
    )

    got = exchange(gateway.port, request("GET", "/", "Accept-Encoding: gzip"))

    assert (got.body, got.value(b"Content-Encoding")) == (packed, b"gzip")


def test_range_response_is_unchanged(gateway, upstream):
    upstream.script = respond_with(
        b"HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-1/9\r\nContent-Length: 2\r\n\r\nab"
    )

    got = exchange(gateway.port, request("GET", "/", "Range: bytes=0-1"))

    assert (got.status, got.value(b"Content-Range"), got.body) == (206, b"bytes 0-1/9", b"ab")
    assert upstream.requests[0].values(b"Range") == [b"bytes=0-1"]


def test_response_delimited_by_close_becomes_chunked(gateway, upstream):
    def until_close(connection, arrived):
        connection.send(b"HTTP/1.0 200 OK\r\n\r\nto the end")
        connection.close()

    upstream.script = until_close
    with Client(gateway.port) as client:
        client.send(request())
        got = client.read()
        client.send(request())
        again = client.read()

    assert (got.body, got.value(b"Transfer-Encoding")) == (b"to the end", b"chunked")
    assert again.body == b"to the end"


def test_response_sent_byte_by_byte_is_complete(gateway, upstream):
    def slowly(connection, arrived):
        for byte in b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n":
            connection.send(bytes([byte]))

    upstream.script = slowly

    assert exchange(gateway.port, request()).body == b"ok"


def test_request_sent_byte_by_byte_is_complete(any_gateway, upstream):
    with Client(any_gateway.port) as client:
        for byte in request("POST", "/slow", CHUNKED) + b"2\r\nok\r\n0\r\n\r\n":
            client.send(bytes([byte]))
        assert client.read().status == 200

    assert unchunk(upstream.requests[0].body) == b"ok"


def test_empty_piece_of_a_large_response_does_not_end_it(gateway, upstream):
    body = os.urandom(3_000_000)
    upstream.script = respond_with(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

    assert exchange(gateway.port, request()).body == body


def resident_memory(gateway):
    (worker,) = gateway.workers()
    pages = int(Path(f"/proc/{worker}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


SIZE = 96 * 2**20
PIECE = bytes(2**20)


def test_large_download_uses_constant_memory(gateway, upstream):
    def large(connection, arrived):
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % SIZE)
        for _ in range(SIZE // len(PIECE)):
            connection.send(PIECE)

    upstream.script = large
    before = resident_memory(gateway)

    with Client(gateway.port) as client:
        client.send(request())
        received = peak = 0
        while received < SIZE:
            received += len(client.socket.recv(2**20))
            peak = max(peak, resident_memory(gateway))

    assert peak - before < SIZE / 16


def test_large_upload_uses_constant_memory(any_gateway, upstream):
    def swallow(connection, arrived):
        left = SIZE - len(connection.buffer)
        connection.buffer = b""
        while left:
            left -= len(connection.socket.recv(2**20))
        connection.send(OK)

    upstream.on_head = swallow
    before = peak = resident_memory(any_gateway)

    with Client(any_gateway.port) as client:
        client.send(request("POST", "/", f"Content-Length: {SIZE}"))
        for _ in range(SIZE // len(PIECE)):
            client.send(PIECE)
            peak = max(peak, resident_memory(any_gateway))
        assert client.read().status == 200

    assert peak - before < SIZE / 16


def test_upload_may_take_longer_than_the_read_timeout(any_gateway, upstream):
    with Client(any_gateway.port) as client:
        client.send(request("POST", "/", CHUNKED))
        for _ in range(4):  # 2 s, with a read timeout of one
            client.send(b"1\r\na\r\n")
            time.sleep(0.5)
        client.send(b"0\r\n\r\n")
        assert client.read().status == 200
