"""What is asked again, and what never is."""

import os
import threading

import pytest

from tests.client import Client, exchange, request
from tests.process import configuration, free_port
from tests.upstream import OK, Upstream, answer


def fail_first(upstream, times):
    """Close the connection on the first requests, and answer the ones after them."""

    def script(connection, arrived):
        if len(upstream.requests) <= times:
            connection.close()
        else:
            connection.send(OK)

    upstream.script = script


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"])
def test_a_safe_method_is_repeated(gateway, upstream, method):
    fail_first(upstream, times=2)

    assert exchange(gateway.port, request(method)).status == 200
    assert len(upstream.requests) == 3


@pytest.mark.parametrize("method", ["POST", "PATCH", "LOCK", "FOO"])
def test_another_method_is_not_repeated(gateway, upstream, method):
    fail_first(upstream, times=1)

    assert exchange(gateway.port, request(method)).status == 502
    assert len(upstream.requests) == 1


def test_a_post_with_an_idempotency_key_is_repeated_with_its_body(gateway, upstream):
    fail_first(upstream, times=1)

    got = exchange(gateway.port, request("POST", "/", 'Idempotency-Key: "k"', body=b"hello"))

    assert got.status == 200
    assert [arrived.body for arrived in upstream.requests] == [b"hello", b"hello"]


@pytest.mark.parametrize("size", [1, 65536, 65537, 1_000_000])
@pytest.mark.parametrize("is_chunked", [False, True])
def test_a_body_that_was_buffered_is_sent_again(gateway, upstream, size, is_chunked):
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


def test_a_body_that_was_streamed_is_not_sent_again(streaming_gateway, upstream):
    fail_first(upstream, times=1)

    got = exchange(
        streaming_gateway.port, request("PUT", "/", "Transfer-Encoding: chunked") + b"1\r\na\r\n0\r\n\r\n"
    )

    assert got.status == 502
    assert len(upstream.requests) == 1


def test_attempts_are_capped(gateway, upstream):
    fail_first(upstream, times=100)

    assert exchange(gateway.port, request()).status == 502
    assert len(upstream.requests) == 3


def test_an_answer_that_has_begun_is_not_asked_for_again(gateway, upstream):
    def break_off(connection, arrived):
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
        connection.close()

    upstream.script = break_off

    assert exchange(gateway.port, request()).complete is False
    assert len(upstream.requests) == 1


def test_an_error_status_is_an_answer(gateway, upstream):
    upstream.script = answer(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n")

    assert exchange(gateway.port, request()).reason == b"Busy"
    assert len(upstream.requests) == 1


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_idle_connection_that_was_closed_is_replaced(gateway, upstream, method):
    exchange(gateway.port, request())
    upstream.connections[0].close()

    assert exchange(gateway.port, request(method)).status == 200
    assert [arrived.connection for arrived in upstream.requests] == [0, 1]


def test_a_reused_connection_that_closes_on_the_request_is_replaced_at_once(gateway, upstream):
    def close_on_second(connection, arrived):
        if arrived.connection == 0 and len(upstream.requests) == 2:
            connection.close()
        else:
            connection.send(OK)

    upstream.script = close_on_second
    exchange(gateway.port, request())

    assert exchange(gateway.port, request()).status == 200
    assert [arrived.connection for arrived in upstream.requests] == [0, 0, 1]


def test_a_connection_that_says_close_is_not_used_again(gateway, upstream):
    upstream.script = answer(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok")

    with Client(gateway.port) as client:
        for _ in range(2):
            client.send(request())
            assert client.read().status == 200

    assert [arrived.connection for arrived in upstream.requests] == [0, 1]


def test_an_upstream_that_is_being_restarted_costs_no_request(start):
    port = free_port()
    gateway = start(configuration(f"http://127.0.0.1:{port}"))
    late = threading.Timer(0.01, lambda: servers.append(Upstream(port)))
    servers = []

    late.start()
    statuses = [exchange(gateway.port, request("POST")).status for _ in range(5)]

    late.join()
    servers[0].close()
    assert statuses[-1] == 200
