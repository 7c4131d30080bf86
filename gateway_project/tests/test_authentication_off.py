"""A gateway whose ``[auth]`` is disabled behaves like one without ``[auth]``."""

import re

import pytest

from tests.client import exchange, request
from tests.issuer import SigningKey, bearer, token
from tests.process import PROJECT
from tests.protected import API_KEY, ROUTES, protected_routes

TOKEN = token(SigningKey())
OPEN_ROUTES = re.sub(r"^(scopes|public|session_cookie) =.*\n", "", ROUTES, flags=re.MULTILINE)
METHODS = ["GET", "HEAD", "OPTIONS", "POST", "DELETE", "TRACE", "PURGE"]
PATHS = [*re.findall(r'path = "(.*)"', ROUTES), "/health", "/unknown", "/"]
CREDENTIALS = {  # the query and the header fields
    "nothing": ("", []),
    "a token": ("", [bearer(TOKEN)]),
    "a bad token": ("", ["Authorization: Bearer bad"]),
    "basic": ("", ["Authorization: Basic dTpw"]),
    "an API key": ("", [f"X-API-Key: {API_KEY}"]),
    "two credentials": ("", [bearer(TOKEN), f"X-API-Key: {API_KEY}"]),
    "two tokens": ("", [bearer(TOKEN), bearer(TOKEN)]),
    "a token in the query": ("?access_token=x", []),
    "a token in the query and another": ("?access_token=x", [bearer(TOKEN)]),
    "a session": ("", ["Cookie: any_sessionid=abc"]),
    "a preflight": ("", ["Origin: https://shop.example", "Access-Control-Request-Method: PUT"]),
    "a page": ("", ["Origin: https://shop.example", "Accept: text/html"]),
    "the last hop": ("", ["Max-Forwards: 0", bearer(TOKEN)]),
}


@pytest.fixture
def off(share, upstream, tmp_path_factory):
    """A gateway with issuers, keys and scopes, and a disabled ``[auth]``."""
    settings = protected_routes(upstream.url, tmp_path_factory.getbasetemp() / "none.json")
    return share(settings.replace("enabled = true", "enabled = false"))


@pytest.fixture
def without_auth(share, upstream):
    """A gateway without authentication settings."""
    return share(f'[upstreams.any]\nurls = ["{upstream.url}"]\nread_timeout = 1.0\n{OPEN_ROUTES}')


def outcome(gateway, upstream, data):
    """Return the response and the forwarded requests, without values that differ each time."""
    upstream.requests.clear()
    got = exchange(gateway.port, data)
    body, differing = re.subn(rb'"(process|read_at)": [^,}]+', b"", got.body)
    varying = [b"Date", b"RateLimit", b"Retry-After"] + [b"Content-Length"] * bool(differing)
    fields = [pair for pair in got.fields if pair[0] not in varying]
    return got.status, got.reason, fields, body, [(one.head, one.body) for one in upstream.requests]


@pytest.mark.parametrize(("query", "lines"), CREDENTIALS.values(), ids=CREDENTIALS)
@pytest.mark.parametrize("method", METHODS)
def test_responses_and_forwarded_requests_are_the_same(off, without_auth, upstream, method, query, lines):
    for path in PATHS:
        data = request(method, path + query, "X-Request-ID: known", *lines)
        assert outcome(off, upstream, data) == outcome(without_auth, upstream, data)


def test_credentials_are_forwarded(off, upstream):
    assert exchange(off.port, request("GET", "/things", bearer(TOKEN), f"X-API-Key: {API_KEY}")).status == 200

    (arrived,) = upstream.requests
    assert arrived.values(b"Authorization") == [f"Bearer {TOKEN}".encode()]
    assert arrived.values(b"X-API-Key") == [API_KEY.encode()]


@pytest.mark.parametrize("name", ["X-Internal-Identity", "x_internal_identity", "X-Internal_Identity"])
@pytest.mark.parametrize("kind", ["off", "without_auth"])
def test_forged_identity_is_dropped(request_of_kind, upstream, name, kind):
    request_of_kind(kind, f"{name}: forged")

    assert b"forged" not in upstream.requests[0].head


@pytest.fixture
def request_of_kind(off, without_auth):
    gateways = {"off": off, "without_auth": without_auth}
    return lambda kind, line: exchange(gateways[kind].port, request("GET", "/things", line))


def test_no_keys_are_requested_and_no_cryptography_is_loaded(off):
    (worker,) = off.workers()
    with open(f"/proc/{worker}/maps") as maps:  # noqa: PTH123 - not a file
        assert "cryptography" not in maps.read()
    assert "issuer" not in off.log


def test_generated_routes_file_is_off_by_default(monkeypatch):
    from proxy.configuration import read

    for name in ("AUTH", "AUTH_ISSUER", "AUTH_AUDIENCE", "AUTH_JWKS", "SERVICE_TOKEN"):
        monkeypatch.delenv(name, raising=False)

    assert not read(PROJECT / "gateway.toml").auth.enabled
