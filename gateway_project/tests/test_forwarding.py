"""Requests and responses are forwarded unchanged."""

from tests.client import Client, exchange, request
from tests.upstream import respond_with


def test_method_target_and_body_are_forwarded(gateway, upstream):
    exchange(gateway.port, request("PUT", "/a/b?c=d", body=b"hello"))

    (arrived,) = upstream.requests
    assert arrived.line == b"PUT /a/b?c=d HTTP/1.1"
    assert arrived.body == b"hello"


def test_status_reason_headers_and_body_are_returned(gateway, upstream):
    upstream.script = respond_with(b"HTTP/1.1 299 Rather Fine\r\nX-One: 1\r\nContent-Length: 4\r\n\r\nfine")

    got = exchange(gateway.port, request())

    assert (got.status, got.reason, got.body) == (299, b"Rather Fine", b"fine")
    assert got.value(b"X-One") == b"1"


def test_each_set_cookie_field_stays_separate(gateway, upstream):
    cookies = [b"a=1; Path=/; Partitioned", b'b={"json": [1, 2]}', b"a=2"]
    lines = b"".join(b"Set-Cookie: %b\r\n" % cookie for cookie in cookies)
    upstream.script = respond_with(b"HTTP/1.1 200 OK\r\n" + lines + b"Content-Length: 0\r\n\r\n")

    got = exchange(gateway.port, request())

    assert got.values(b"Set-Cookie") == cookies


def test_redirect_is_returned_and_not_followed(gateway, upstream):
    upstream.script = respond_with(b"HTTP/1.1 302 Found\r\nLocation: http://elsewhere/\r\nContent-Length: 0\r\n\r\n")

    got = exchange(gateway.port, request())

    assert (got.status, got.value(b"Location")) == (302, b"http://elsewhere/")
    assert len(upstream.requests) == 1


def test_host_of_the_client_is_forwarded(gateway, upstream):
    exchange(gateway.port, request(host="shop.example:8443"))

    assert upstream.requests[0].values(b"Host") == [b"shop.example:8443"]


def test_connection_is_reused_for_many_requests(gateway, upstream):
    with Client(gateway.port) as client:
        for number in range(3):
            client.send(request(target=f"/{number}"))
            assert client.read().body == b"ok"

    assert [arrived.target for arrived in upstream.requests] == [b"/0", b"/1", b"/2"]


def test_pipelined_requests_get_responses_in_order(gateway, upstream):
    upstream.script = lambda connection, arrived: connection.send(
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n" + arrived.target
    )

    with Client(gateway.port) as client:
        client.send(request(target="/1") + request(target="/2") + request(target="/3"))
        bodies = [client.read().body for _ in range(3)]

    assert bodies == [b"/1", b"/2", b"/3"]
