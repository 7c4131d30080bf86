"""Retries: which requests and responses allow them, and their limit."""

import os
import threading

import pytest

from tests.client import Client, exchange, request
from tests.upstream import OK, Upstream, respond_with


def fail_first(upstream, times):
    """Close the connection on the first ``times`` requests, and respond to later ones."""

    def script(connection, arrived):
        if len(upstream.requests) <= times:
            connection.close()
        else:
            connection.send(OK)

    upstream.script = script


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"])
def test_safe_method_is_retried(gateway, upstream, method):
    fail_first(upstream, times=2)

    assert exchange(gateway.port, request(method)).status == 200
    assert len(upstream.requests) == 3


@pytest.mark.parametrize("method", ["POST", "PATCH", "LOCK", "FOO"])
def test_unsafe_method_is_not_retried(gateway, upstream, method):
    fail_first(upstream, times=1)

    assert exchange(gateway.port, request(method)).status == 502
    assert len(upstream.requests) == 1


def test_post_with_an_idempotency_key_is_retried_with_its_body(gateway, upstream):
    fail_first(upstream, times=1)

    got = exchange(gateway.port, request("POST", "/", 'Idempotency-Key: "k"', body=b"hello"))

    assert got.status == 200
    assert [arrived.body for arrived in upstream.requests] == [b"hello", b"hello"]


def test_post_with_an_empty_idempotency_key_is_not_retried(gateway, upstream):
    fail_first(upstream, times=1)

    assert exchange(gateway.port, request("POST", "/", "Idempotency-Key:", body=b"hello")).status == 502
    assert len(upstream.requests) == 1


@pytest.mark.parametrize("size", [1, 65536, 65537, 1_000_000])
@pytest.mark.parametrize("is_chunked", [False, True])
def test_buffered_body_is_retried(gateway, upstream, size, is_chunked):
    body = os.urandom(size)
    framed = b"%x\r\n%b\r\n0\r\nX-Sum: 1\r\n\r\n" % (size, body)
    lines = ["Transfer-Encoding: chunked"] if is_chunked else [f"Content-Length: {size}"]
    fail_first(upstream, times=2)

    got = exchange(gateway.port, request("PUT", "/", *lines) + (framed if is_chunked else body))

    assert got.status == 200
    first, second, third = [arrived.body for arrived in upstream.requests]
    assert first == second == third
    if is_chunked:
        assert third.endswith(b"\r\n0\r\nX-Sum: 1\r\n\r\n")
    else:
        assert third == body


def test_streamed_body_is_not_retried(streaming_gateway, upstream):
    fail_first(upstream, times=1)

    got = exchange(streaming_gateway.port, request("PUT", "/", "Transfer-Encoding: chunked") + b"1\r\na\r\n0\r\n\r\n")

    assert got.status == 502
    assert len(upstream.requests) == 1


def test_number_of_attempts_is_limited(gateway, upstream):
    fail_first(upstream, times=100)

    assert exchange(gateway.port, request()).status == 502
    assert len(upstream.requests) == 3


def test_started_response_is_not_retried(gateway, upstream):
    def break_off(connection, arrived):
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
        connection.close()

    upstream.script = break_off

    assert exchange(gateway.port, request()).complete is False
    assert len(upstream.requests) == 1


def test_error_status_is_not_retried(gateway, upstream):
    upstream.script = respond_with(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n")

    assert exchange(gateway.port, request()).reason == b"Busy"
    assert len(upstream.requests) == 1


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_closed_idle_connection_is_replaced(gateway, upstream, method):
    exchange(gateway.port, request())
    upstream.connections[0].close()

    assert exchange(gateway.port, request(method)).status == 200
    assert [arrived.connection for arrived in upstream.requests] == [0, 1]


def test_request_on_a_closing_connection_is_retried_at_once(gateway, upstream):
    def close_on_second(connection, arrived):
        if arrived.connection == 0 and len(upstream.requests) == 2:
            connection.close()
        else:
            connection.send(OK)

    upstream.script = close_on_second
    exchange(gateway.port, request())

    assert exchange(gateway.port, request()).status == 200
    assert [arrived.connection for arrived in upstream.requests] == [0, 0, 1]


def test_connection_close_of_the_upstream_is_obeyed(gateway, upstream):
    upstream.script = respond_with(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok")

    with Client(gateway.port) as client:
        for _ in range(2):
            client.send(request())
            assert client.read().status == 200

    assert [arrived.connection for arrived in upstream.requests] == [0, 1]


def test_restart_of_the_upstream_fails_no_request(gateway, late_port):
    late = threading.Timer(0.01, lambda: servers.append(Upstream(late_port)))
    servers = []

    late.start()
    statuses = [exchange(gateway.port, request("POST", "/late")).status for _ in range(5)]

    late.join()
    servers[0].close()
    assert statuses[-1] == 200
