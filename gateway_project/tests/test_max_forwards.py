"""TRACE and OPTIONS obey Max-Forwards."""

import pytest

from tests.client import exchange, request


@pytest.mark.parametrize("method", ["TRACE", "OPTIONS"])
def test_max_forwards_is_decremented(gateway, upstream, method):
    exchange(gateway.port, request(method, "/", "Max-Forwards: 5"))

    assert upstream.requests[0].values(b"Max-Forwards") == [b"4"]


def test_trace_with_zero_returns_the_request_without_secrets(gateway, upstream):
    got = exchange(gateway.port, request("TRACE", "/a%2F", "Max-Forwards: 0", "X: 1", "Cookie: secret"))

    assert (got.status, got.value(b"Content-Type")) == (200, b"message/http")
    assert got.body == b"TRACE /a%2F HTTP/1.1\r\nHost: example.org\r\nMax-Forwards: 0\r\nX: 1\r\n\r\n"
    assert upstream.requests == []


def test_options_with_zero_gets_the_response_of_the_gateway(gateway, upstream):
    assert exchange(gateway.port, request("OPTIONS", "/", "Max-Forwards: 0")).status == 200
    assert upstream.requests == []


@pytest.mark.parametrize(("method", "value"), [("GET", "0"), ("TRACE", "-1"), ("TRACE", "x"), ("OPTIONS", "")])
def test_max_forwards_is_unchanged_for_other_methods_and_values(gateway, upstream, method, value):
    exchange(gateway.port, request(method, "/", f"Max-Forwards: {value}"))

    assert upstream.requests[0].values(b"Max-Forwards") == [value.encode()]
