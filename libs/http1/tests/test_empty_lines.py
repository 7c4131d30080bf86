"""Empty lines before a request, which some clients send after a body, are ignored (RFC 9112, section 2.2)."""

import socket
import time

import pytest

from http1.stream import HeadTooLargeError, Stream

HEAD = b"GET / HTTP/1.1\r\nHost: example.org\r\n\r\n"


@pytest.fixture
def pair():
    client, server = socket.socketpair()
    server.settimeout(5)
    with client, server:
        yield client, Stream(server)


def read_head(stream, **options):
    return stream.read_head(1000, skips_empty_lines=True, **options)


@pytest.mark.parametrize("before", [b"\r\n", b"\r\n\r\n", b"\r\n" * 500])
def test_empty_lines_before_a_head_are_dropped(pair, before):
    client, stream = pair
    client.sendall(before + HEAD)

    assert read_head(stream) == HEAD


def test_empty_lines_do_not_start_the_time_limit(pair):
    client, stream = pair
    client.sendall(b"\r\n")
    stream.socket.settimeout(0.5)
    started_at = time.monotonic()

    with pytest.raises(TimeoutError):
        read_head(stream, seconds=0.1)

    assert time.monotonic() - started_at > 0.4


def test_empty_line_may_arrive_in_two_pieces(pair):
    client, stream = pair
    client.sendall(b"\r\n\r")
    stream.socket.settimeout(0.1)
    with pytest.raises(TimeoutError):
        read_head(stream)

    client.sendall(b"\n" + HEAD)

    assert read_head(stream, seconds=5) == HEAD


@pytest.mark.parametrize("sent", [b"\r\nG", b"\r\n\r"], ids=["request line", "half of an empty line"])
def test_time_limit_starts_at_the_first_byte_after_empty_lines(pair, sent):
    client, stream = pair
    client.sendall(sent)
    started_at = time.monotonic()

    with pytest.raises(TimeoutError):
        read_head(stream, seconds=0.1)

    assert time.monotonic() - started_at < 2


def test_empty_line_ends_a_head(pair):
    client, stream = pair
    client.sendall(HEAD + b"\r\n" + HEAD)

    assert [read_head(stream), read_head(stream)] == [HEAD, HEAD]


def test_size_limit_applies_after_empty_lines(pair):
    client, stream = pair
    client.sendall(b"\r\n" * 10 + b"GET /" + b"a" * 1000)

    with pytest.raises(HeadTooLargeError):
        read_head(stream)


def test_size_limit_applies_to_empty_lines(pair):
    client, stream = pair
    client.sendall(b"\r\n" * 501 + HEAD)

    with pytest.raises(HeadTooLargeError) as raised:
        read_head(stream)

    assert raised.value.status == 431


def test_empty_lines_are_kept_by_default(pair):
    client, stream = pair
    client.sendall(b"\r\n\r\nHTTP/1.1 200 OK\r\n\r\n")

    assert stream.read_head(1000) == b"\r\n\r\n"
