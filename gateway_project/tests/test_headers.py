"""The header fields that the gateway removes, adds and replaces."""

import re

import pytest

from tests.client import exchange, request
from tests.upstream import respond_with

HOP_BY_HOP = ["Keep-Alive: timeout=5", "Proxy-Connection: keep-alive", "TE: gzip", "Upgrade: h2c"]


@pytest.mark.parametrize("line", HOP_BY_HOP)
def test_hop_by_hop_fields_of_a_request_are_removed(gateway, upstream, line):
    exchange(gateway.port, request("GET", "/", line))

    assert upstream.requests[0].values(line.split(":")[0].encode()) == []


def test_fields_named_by_connection_are_removed(gateway, upstream):
    exchange(gateway.port, request("GET", "/", "Connection: X-Private , keep-alive", "X-Private: 1", "X-Public: 1"))

    (arrived,) = upstream.requests
    assert arrived.values(b"X-Private") == arrived.values(b"Connection") == []
    assert arrived.values(b"X-Public") == [b"1"]


def test_connection_cannot_remove_framing_and_routing_fields(gateway, upstream):
    lines = ["Connection: Host, Content-Length, X-Forwarded-For, X-Request-ID, Idempotency-Key", "Idempotency-Key: 1"]

    exchange(gateway.port, request("POST", "/", *lines, body=b"hello"))

    (arrived,) = upstream.requests
    assert arrived.body == b"hello"
    assert arrived.values(b"Host") == [b"example.org"]
    assert arrived.values(b"X-Forwarded-For") == [b"127.0.0.1"]
    assert arrived.values(b"Idempotency-Key") == [b"1"]


def test_only_te_trailers_is_forwarded(gateway, upstream):
    exchange(gateway.port, request("GET", "/", "TE: gzip, trailers", "Connection: TE"))

    (arrived,) = upstream.requests
    assert (arrived.values(b"TE"), arrived.values(b"Connection")) == ([b"trailers"], [b"TE"])


@pytest.mark.parametrize("line", [*HOP_BY_HOP, "Connection: X-Private", "X-Private: 1"])
def test_hop_by_hop_fields_of_a_response_are_removed(gateway, upstream, line):
    head = f"HTTP/1.1 200 OK\r\nConnection: X-Private\r\n{line}\r\nContent-Length: 0\r\n\r\n"
    upstream.script = respond_with(head.encode())

    got = exchange(gateway.port, request())

    assert got.values(line.split(":")[0].encode()) == []


def test_via_is_appended_in_both_directions(gateway, upstream):
    upstream.script = respond_with(b"HTTP/1.0 200 OK\r\nVia: 1.1 inner\r\nContent-Length: 0\r\n\r\n")

    got = exchange(gateway.port, request("GET", "/", "Via: 1.0 outer"))

    assert upstream.requests[0].values(b"Via") == [b"1.0 outer", b"1.1 gateway"]
    assert got.values(b"Via") == [b"1.1 inner", b"1.0 gateway"]


SPOOFED = [
    "X-Forwarded-For: 6.6.6.6",
    "X-Forwarded-Proto: https",
    "X-Forwarded-Host: evil",
    "X-Forwarded-Port: 1",
]
# WSGI does not distinguish underscores from hyphens.
DISGUISED = ["X_Forwarded_For: 6.6.6.6", "x_forwarded-proto: https", "X-Real_IP: 6.6.6.6"]


def test_forwarded_fields_of_untrusted_peers_are_replaced(gateway, upstream):
    exchange(gateway.port, request("GET", "/", *SPOOFED))

    (arrived,) = upstream.requests
    assert arrived.values(b"X-Forwarded-For") == [b"127.0.0.1"]
    assert arrived.values(b"X-Forwarded-Proto") == [b"http"]
    assert arrived.values(b"X-Forwarded-Host") == [b"example.org"]
    assert arrived.values(b"X-Forwarded-Port") == []


@pytest.mark.parametrize("line", [*DISGUISED, "Forwarded: for=6.6.6.6", "X-Real-IP: 6.6.6.6"])
def test_other_forwarding_fields_of_untrusted_peers_are_removed(gateway, upstream, line):
    exchange(gateway.port, request("GET", "/", line))

    assert line.split(":")[0].encode() not in [name for name, _ in upstream.requests[0].fields]


@pytest.mark.parametrize("line", DISGUISED)
def test_disguised_forwarding_fields_are_removed_behind_a_trusted_proxy(inner, upstream, line):
    exchange(inner.port, request("GET", "/", line, "Forwarded: for=1.2.3.4", "X-Real-IP: 1.2.3.4"))

    (arrived,) = upstream.requests
    assert arrived.values(line.split(":")[0].encode()) == []
    assert arrived.values(b"Forwarded") == [b"for=1.2.3.4"]
    assert arrived.values(b"X-Real-IP") == [b"1.2.3.4"]


def test_disguised_fields_of_the_gateway_are_removed(inner, upstream):
    exchange(inner.port, request("GET", "/", "X_Service_Token: forged", "X_Request-ID: forged"))

    names = [name.lower() for name, _ in upstream.requests[0].fields]
    assert not {b"x_service_token", b"x_request-id"} & set(names)


def test_forwarded_fields_of_trusted_proxies_are_extended(inner, upstream):
    exchange(inner.port, request("GET", "/", *SPOOFED, "X-Forwarded-For: 10.0.0.1"))

    (arrived,) = upstream.requests
    assert arrived.values(b"X-Forwarded-For") == [b"6.6.6.6, 10.0.0.1, 127.0.0.1"]
    assert arrived.values(b"X-Forwarded-Proto") == [b"https"]
    assert arrived.values(b"X-Forwarded-Host") == [b"evil"]
    assert arrived.values(b"X-Forwarded-Port") == [b"1"]


def test_connection_cannot_remove_the_forwarding_fields_of_trusted_proxies(inner, upstream):
    exchange(inner.port, request("GET", "/", *SPOOFED, "Connection: X-Forwarded-Proto, X-Forwarded-Host"))

    (arrived,) = upstream.requests
    assert arrived.values(b"X-Forwarded-Proto") == [b"https"]
    assert arrived.values(b"X-Forwarded-Host") == [b"evil"]


def test_valid_request_id_is_used_and_returned(gateway, upstream):
    got = exchange(gateway.port, request("GET", "/", "X-Request-ID: abc-1.2:3_4"))

    assert upstream.requests[0].values(b"X-Request-ID") == [b"abc-1.2:3_4"]
    assert got.values(b"X-Request-ID") == [b"abc-1.2:3_4"]


@pytest.mark.parametrize("bad", ["", "a b", "a\tb", 'a"', "x" * 129, "\xe9", "a,b"])
def test_invalid_request_id_is_replaced(gateway, upstream, bad):
    got = exchange(gateway.port, request("GET", "/", f"X-Request-ID: {bad}"))

    (made,) = upstream.requests[0].values(b"X-Request-ID")
    assert re.fullmatch(rb"[0-9a-f]{32}", made)
    assert got.values(b"X-Request-ID") == [made]


def test_host_of_the_upstream_is_sent_without_preserve_host(inner, upstream):
    exchange(inner.port, request(target="/own", host="public.example"))

    (arrived,) = upstream.requests
    assert arrived.values(b"Host") == [f"127.0.0.1:{upstream.port}".encode()]
    assert arrived.values(b"X-Forwarded-Host") == [b"public.example"]


def test_date_is_added_to_a_response_without_one(gateway, upstream):
    got = exchange(gateway.port, request())

    assert re.fullmatch(rb"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT", got.value(b"Date"))


def test_server_and_date_of_the_upstream_are_unchanged(gateway, upstream):
    upstream.script = respond_with(b"HTTP/1.1 200 OK\r\nServer: mine/1\r\nDate: then\r\nContent-Length: 0\r\n\r\n")

    got = exchange(gateway.port, request())

    assert (got.values(b"Server"), got.values(b"Date")) == ([b"mine/1"], [b"then"])


def test_proxies_of_the_environment_are_ignored(inner, upstream):
    assert exchange(inner.port, request()).status == 200


def test_credentials_are_not_shared_between_clients(gateway, upstream):
    upstream.script = respond_with(b"HTTP/1.1 200 OK\r\nSet-Cookie: session=1\r\nContent-Length: 0\r\n\r\n")
    exchange(gateway.port, request("GET", "/", "Authorization: Basic dTpw", "Cookie: a=1"))

    exchange(gateway.port, request())

    first, second = upstream.requests
    assert first.connection == second.connection
    assert second.values(b"Cookie") == second.values(b"Authorization") == []
