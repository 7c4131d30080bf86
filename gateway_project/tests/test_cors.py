"""Pages of a route's ``cors_origins`` may use the route; the gateway responds to preflights."""

import json

import pytest

from tests.client import exchange, request
from tests.process import configuration, free_port, started
from tests.upstream import respond_with

SHOP = "https://shop.example"
FROM_SHOP = f"Origin: {SHOP}"
FROM_ELSEWHERE = "Origin: https://evil.example"
PREFLIGHT = [FROM_SHOP, "Access-Control-Request-Method: PUT", "Sec-Fetch-Site: cross-site"]
EXPOSED = {"ETag", "Location", "RateLimit", "RateLimit-Policy", "Retry-After", "X-Request-ID", "Idempotent-Replayed"}
FIELDS = {
    b"Access-Control-Allow-Origin",
    b"Access-Control-Allow-Credentials",
    b"Access-Control-Expose-Headers",
    b"Access-Control-Allow-Methods",
    b"Access-Control-Allow-Headers",
    b"Access-Control-Max-Age",
}


def shared(*urls, name="", **keys):
    """Return a routes file with one route that is shared with the shop."""
    keys = {"cors_origins": [SHOP], "methods": ["GET", "POST", "PUT"]} | keys
    route = "\n".join(f"{key} = {json.dumps(value)}" for key, value in keys.items())
    return configuration(*urls, route=route, name=name)


@pytest.fixture(scope="module")
def gateway_of_shop(session_upstream, tmp_path_factory):
    url = session_upstream.url
    settings = [
        shared(url),
        shared(url, name="rare", rate_limit="1/hour"),
        shared(f"http://127.0.0.1:{free_port()}", name="unreachable", max_body="1 B"),
        configuration(url, name="every-method", route=f'cors_origins = ["{SHOP}"]'),
    ]
    folder = tmp_path_factory.mktemp("gateway")
    with started(folder, "".join(settings), ALLOWED_ORIGINS="https://partner.example") as gateway:
        yield gateway


@pytest.fixture
def shared_gateway(gateway_of_shop, upstream):
    """A gateway with routes that are shared with the shop; pages of a partner may send to all routes."""
    return gateway_of_shop


def cors_fields(got):
    """Return the names of the CORS fields of a response."""
    return {name for name, _ in got.fields if name in FIELDS}


def assert_readable(got):
    """Check that a page of the shop may read the response and its header fields."""
    assert got.value(b"Access-Control-Allow-Origin") == SHOP.encode()
    assert got.value(b"Access-Control-Allow-Credentials") == b"true"
    assert set(got.value(b"Access-Control-Expose-Headers").decode().split(", ")) == EXPOSED
    assert b"Origin" in got.value(b"Vary")


def test_gateway_responds_to_preflights(shared_gateway, upstream):
    requested = "Access-Control-Request-Headers: content-type,idempotency-key"

    got = exchange(shared_gateway.port, request("OPTIONS", "/x", *PREFLIGHT, requested))

    assert (got.status, got.body, got.values(b"Content-Type")) == (204, b"", [])
    assert got.value(b"Access-Control-Allow-Methods") == b"GET, POST, PUT"
    assert got.value(b"Access-Control-Allow-Headers") == b"content-type,idempotency-key"
    assert got.value(b"Access-Control-Max-Age") == b"7200"
    assert got.values(b"X-Request-ID")
    assert_readable(got)
    assert upstream.requests == []


def test_preflight_of_a_route_for_every_method_allows_the_requested_one(shared_gateway):
    got = exchange(shared_gateway.port, request("OPTIONS", "/every-method", *PREFLIGHT))

    assert (got.status, got.value(b"Access-Control-Allow-Methods")) == (204, b"PUT")
    assert got.values(b"Access-Control-Allow-Headers") == []


def test_response_to_a_preflight_does_not_repeat_malformed_names(shared_gateway):
    requested = "Access-Control-Request-Headers: a; b"

    got = exchange(shared_gateway.port, request("OPTIONS", "/", *PREFLIGHT, requested))

    assert (got.status, got.values(b"Access-Control-Allow-Headers")) == (204, [])


def test_preflights_of_other_origins_are_refused(shared_gateway, upstream):
    got = exchange(shared_gateway.port, request("OPTIONS", "/", FROM_ELSEWHERE, *PREFLIGHT[1:]))

    assert (got.status, json.loads(got.body)["type"]) == (403, "urn:problem:cross_site_request")
    assert (cors_fields(got), got.value(b"Vary")) == (set(), b"Accept, Origin")
    assert upstream.requests == []


def test_preflights_do_not_count_against_the_rate(shared_gateway):
    preflights = [exchange(shared_gateway.port, request("OPTIONS", "/rare", *PREFLIGHT)) for _ in range(3)]
    first, second = [exchange(shared_gateway.port, request("PUT", "/rare", FROM_SHOP)) for _ in range(2)]

    assert [got.status for got in (*preflights, first, second)] == [204, 204, 204, 200, 429]
    assert second.values(b"Retry-After")
    assert_readable(first)
    assert_readable(second)


def test_unsafe_request_of_an_allowed_origin_is_forwarded_and_its_response_readable(shared_gateway, upstream):
    got = exchange(shared_gateway.port, request("PUT", "/", FROM_SHOP, "Sec-Fetch-Site: cross-site", body=b"{}"))

    assert (got.status, got.body) == (200, b"ok")
    assert_readable(got)
    assert upstream.requests[0].values(b"Origin") == [SHOP.encode()]


def test_letter_case_of_an_origin_does_not_matter(shared_gateway):
    got = exchange(shared_gateway.port, request("PUT", "/", "Origin: HTTPS://SHOP.example"))

    assert (got.status, got.value(b"Access-Control-Allow-Origin")) == (200, b"HTTPS://SHOP.example")


@pytest.mark.parametrize("lines", [[FROM_ELSEWHERE], ["Origin: null"], [], [FROM_SHOP, FROM_ELSEWHERE]])
def test_response_is_readable_for_no_other_origin(shared_gateway, lines):
    got = exchange(shared_gateway.port, request("GET", "/", *lines))

    assert (got.status, cors_fields(got), got.value(b"Vary")) == (200, set(), b"Origin")


def test_unsafe_request_of_another_origin_is_refused(shared_gateway, upstream):
    got = exchange(shared_gateway.port, request("PUT", "/", FROM_ELSEWHERE, "Sec-Fetch-Site: cross-site"))

    assert (got.status, cors_fields(got), upstream.requests) == (403, set(), [])


def test_policy_of_the_upstream_is_replaced(shared_gateway, upstream):
    upstream.script = respond_with(
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\naccess-control-allow-origin: *\r\nVary: Accept\r\nvary: Cookie\r\n"
        b"Access-Control-Allow-Credentials: false\r\nAccess-Control-Expose-Headers: X-Other\r\n\r\n"
    )

    own = exchange(shared_gateway.port, request("GET", "/", FROM_SHOP))
    other = exchange(shared_gateway.port, request("GET", "/", FROM_ELSEWHERE))

    assert_readable(own)
    assert own.value(b"Vary") == b"Accept, Cookie, Origin"
    assert cors_fields(other) == set()
    assert other.values(b"access-control-allow-origin") == []


@pytest.mark.parametrize("vary", [b"Origin", b"accept, ORIGIN", b"*"])
def test_origin_is_not_added_to_vary_twice(shared_gateway, upstream, vary):
    upstream.script = respond_with(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nVary: %b\r\n\r\n" % vary)

    assert exchange(shared_gateway.port, request("GET", "/", FROM_SHOP)).value(b"Vary") == vary


def test_problems_of_the_gateway_are_readable(shared_gateway, upstream):
    upstream.script = respond_with(b"nonsense\r\n\r\n")

    problems = [
        exchange(shared_gateway.port, request("DELETE", "/", FROM_SHOP)),
        exchange(shared_gateway.port, request("POST", "/", FROM_SHOP)),
        exchange(shared_gateway.port, request("POST", "/unreachable", FROM_SHOP, body=b"{}")),
        exchange(shared_gateway.port, request("POST", "/unreachable", FROM_SHOP)),
    ]

    assert [got.status for got in problems] == [405, 502, 413, 503]
    for got in problems:
        assert_readable(got)


def test_without_cors_origins_the_upstream_decides(gateway, upstream):
    upstream.script = respond_with(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nAccess-Control-Allow-Origin: *\r\n\r\n")

    got = exchange(gateway.port, request("OPTIONS", "/", *PREFLIGHT))

    assert upstream.requests[0].line == b"OPTIONS / HTTP/1.1"
    assert (cors_fields(got), got.values(b"Vary")) == ({b"Access-Control-Allow-Origin"}, [])


def test_allowed_origins_of_the_gateway_may_send_but_not_read(shared_gateway):
    got = exchange(shared_gateway.port, request("PUT", "/", "Origin: https://partner.example"))

    assert (got.status, cors_fields(got)) == (200, set())
