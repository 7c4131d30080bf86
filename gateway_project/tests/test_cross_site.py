"""The gateway rejects unsafe requests that a browser sends from another site."""

import json

import pytest

from tests.client import exchange, request

UNSAFE = ["POST", "PUT", "PATCH", "DELETE", "PURGE"]
SAFE = ["GET", "HEAD", "OPTIONS"]
FOREIGN = {
    "cross-site": ["Sec-Fetch-Site: cross-site", "Origin: http://evil.example"],
    "cross-site without origin": ["Sec-Fetch-Site: cross-site"],
    "cross-site and the own origin": ["Sec-Fetch-Site: cross-site", "Origin: http://example.org"],
    "another subdomain": ["Sec-Fetch-Site: same-site", "Origin: http://blog.example.org"],
    "an unknown site": ["Sec-Fetch-Site: elsewhere"],
    "two sites": ["Sec-Fetch-Site: same-origin", "Sec-Fetch-Site: cross-site"],
    "another host": ["Origin: http://evil.example"],
    "another scheme": ["Origin: https://example.org"],
    "another port": ["Origin: http://example.org:8080"],
    "no origin": ["Origin: null"],
    "an empty origin": ["Origin:"],
    "two origins": ["Origin: http://example.org", "Origin: http://evil.example"],
    "the own host as the beginning": ["Origin: http://example.org.evil.example"],
    "a forged X-Forwarded-Host": ["Origin: http://evil.example", "X-Forwarded-Host: evil.example"],
}
OWN = {
    "a program": [],
    "a page of its own": ["Sec-Fetch-Site: same-origin", "Origin: http://example.org"],
    "a page of its own behind TLS": ["Sec-Fetch-Site: same-origin", "Origin: https://example.org"],
    "the user": ["Sec-Fetch-Site: none"],
    "an older browser": ["Origin: http://example.org"],
    "an older browser, in capitals": ["Origin: HTTP://EXAMPLE.ORG"],
}


@pytest.mark.parametrize("name", FOREIGN)
def test_cross_site_request_is_rejected(gateway, upstream, name):
    got = exchange(gateway.port, request("POST", "/", *FOREIGN[name], body=b"{}"))

    assert (got.status, json.loads(got.body)["type"]) == (403, "urn:problem:cross_site_request")
    assert upstream.requests == []


@pytest.mark.parametrize("method", UNSAFE)
def test_every_unsafe_method_is_rejected(gateway, upstream, method):
    assert exchange(gateway.port, request(method, "/", *FOREIGN["cross-site"])).status == 403
    assert upstream.requests == []


@pytest.mark.parametrize("method", SAFE)
def test_safe_methods_are_forwarded(gateway, upstream, method):
    assert exchange(gateway.port, request(method, "/", *FOREIGN["cross-site"])).status == 200


@pytest.mark.parametrize("name", OWN)
def test_requests_of_own_pages_and_programs_are_forwarded(gateway, upstream, name):
    assert exchange(gateway.port, request("POST", "/", *OWN[name], body=b"{}")).status == 200


def test_default_port_may_be_omitted(gateway, upstream):
    data = request("POST", "/", "Origin: http://example.org", host="example.org:80")

    assert exchange(gateway.port, data).status == 200


def test_scheme_and_host_of_a_trusted_proxy_are_used(inner):
    forwarded = ["X-Forwarded-Proto: https", "X-Forwarded-Host: shop.example"]

    own = exchange(inner.port, request("POST", "/", "Origin: https://shop.example", *forwarded))
    plain = exchange(inner.port, request("POST", "/", "Origin: http://shop.example", *forwarded))

    assert (own.status, plain.status) == (200, 403)


def test_allowed_origins_are_forwarded(inner):
    def status(*lines):
        return exchange(inner.port, request("POST", "/", *lines)).status

    assert status("Sec-Fetch-Site: cross-site", "Origin: https://a.example") == 200
    assert status("Sec-Fetch-Site: same-site", "Origin: https://b.example:8443") == 200
    assert status("Origin: https://b.example:8443") == 200
    assert status("Origin: https://b.example") == 403
    assert status("Sec-Fetch-Site: cross-site") == 403
