"""Responses of the gateway itself."""

import json
import re

import pytest

from tests.client import Client, exchange, request
from tests.process import configuration
from tests.test_portal import OWN_PATHS


@pytest.fixture
def readable(share, upstream):
    """A gateway with one route, for reads under ``/a``, behind a proxy that it does not trust, and without a portal."""
    route = configuration(upstream.url, route='methods = ["GET", "HEAD"]').replace('path = "/"', 'path = "/a"')
    return share(route, HTTPS_ONLY="true", EXPOSE_PORTAL="false")


def test_health_is_served_by_the_gateway(gateway, upstream):
    got = exchange(gateway.port, request(target="/health"))

    assert got.status == 200
    assert json.loads(got.body) | {"status": "ok", "service": "gateway"} == json.loads(got.body)
    assert upstream.requests == []


@pytest.mark.parametrize("target", ["/health", "/health/live", "/health/ready"])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_health_rejects_unsafe_methods(gateway, target, method):
    got = exchange(gateway.port, request(method, target))

    assert (got.status, got.value(b"Allow")) == (405, b"GET, HEAD")
    assert json.loads(got.body)["type"] == "urn:problem:method_not_allowed"


@pytest.mark.parametrize("target", ["/health", "/health/live", "/health/ready", "/health/nothing"])
def test_head_of_health_has_no_body(gateway, target):
    with Client(gateway.port) as client:
        client.send(request("HEAD", target) + request("GET", target))

        assert client.read(b"HEAD").status == client.read().status


def test_health_has_utc_datetimes(gateway):
    health = json.loads(exchange(gateway.port, request(target="/health")).body)

    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", health["configuration"]["read_at"])


def test_paths_under_health_are_never_forwarded(gateway, upstream):
    got = exchange(gateway.port, request(target="/health/of/something"))

    assert got.status == 404
    assert upstream.requests == []


def test_path_that_only_starts_like_health_is_forwarded(gateway, upstream):
    got = exchange(gateway.port, request(target="/healthy"))

    assert got.status == 200
    assert upstream.requests[0].target == b"/healthy"


def test_path_without_a_route_is_a_problem(readable):
    got = exchange(readable.port, request(target="/ab"))

    assert (got.status, got.value(b"Content-Type")) == (404, b"application/problem+json")
    problem = json.loads(got.body)
    assert (problem["type"], problem["instance"]) == ("urn:problem:no_route", "/ab")
    assert problem["request_id"].encode() == got.value(b"X-Request-ID")


@pytest.mark.parametrize("target", OWN_PATHS)
def test_portal_that_is_not_exposed_is_an_unknown_path(readable, target):
    got = exchange(readable.port, request(target=target))

    assert (got.status, json.loads(got.body)["type"]) == (404, "urn:problem:no_route")


def test_browser_gets_html(readable):
    got = exchange(readable.port, request("GET", "/b", "Accept: text/html,*/*;q=0.8"))

    assert got.value(b"Content-Type").startswith(b"text/html")
    assert b"No route matches this path." in got.body


def test_method_that_the_route_does_not_allow_is_rejected(readable, upstream):
    got = exchange(readable.port, request("POST", "/a"))

    assert (got.status, got.value(b"Allow")) == (405, b"GET, HEAD")
    assert upstream.requests == []


@pytest.mark.parametrize("lines", [(), ("Accept: text/html",)])
def test_own_responses_have_security_headers(readable, lines):
    got = exchange(readable.port, request("GET", "/nowhere", *lines))

    assert got.status == 404
    assert got.value(b"X-Content-Type-Options") == b"nosniff"
    assert got.value(b"X-Frame-Options") == b"DENY"
    assert got.value(b"Referrer-Policy") == b"same-origin"


HEALTH = [request("GET", path, "X-Forwarded-Proto: https") for path in ("/health", "/health/live", "/health/ready")]


def test_own_responses_have_hsts_behind_tls(inner):
    for data in (*HEALTH, request("POST", "/", "X-Forwarded-Proto: https", "Origin: null")):
        got = exchange(inner.port, data)

        assert got.value(b"Strict-Transport-Security").startswith(b"max-age=31536000")
        assert got.value(b"X-Content-Type-Options") == b"nosniff"


def test_own_responses_have_no_hsts_without_tls(readable):
    for data in (*HEALTH, request("GET", "/nowhere", "X-Forwarded-Proto: https")):
        got = exchange(readable.port, data)  # the client is untrusted

        assert got.values(b"Strict-Transport-Security") == []
