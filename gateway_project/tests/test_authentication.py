"""Requests that need credentials: accepted and refused ones, and the identity that is sent to the upstream."""

import json
import time

import pytest

from identity.internal import HEADER, verify
from tests.client import Client, exchange, request
from tests.issuer import AUDIENCE, ISSUER, SigningKey, bearer, key_set, token
from tests.jwks_server import JwksServer
from tests.process import configuration, free_port, started
from tests.protected import API_KEY, LIMITED_KEY, SERVICE_TOKEN, protected_routes
from tests.test_tokens import BAD
from tests.test_tokens import KEY as KEY_OF_BAD
from tests.websocket import HANDSHAKE, accept

KEY = KEY_OF_BAD  # signs the bad tokens, too
GOOD = token(KEY)
OTHER = SigningKey("other")


@pytest.fixture(scope="session")
def jwks_file(tmp_path_factory):
    file = tmp_path_factory.mktemp("issuer") / "jwks.json"
    file.write_text(key_set(KEY))
    return file


@pytest.fixture
def gateway(share, upstream, jwks_file):
    """A gateway that requires credentials on most routes; ``/two`` leads to an upstream of another name."""
    settings = protected_routes(upstream.url, jwks_file)
    two = configuration(upstream.url, name="two", route='scopes = { default = "things:read" }')
    return share(settings + two, SERVICE_TOKEN=SERVICE_TOKEN)


def send(gateway, target, *lines, method="GET"):
    return exchange(gateway.port, request(method, target, *lines))


def problem(got):
    return got.status, json.loads(got.body)["type"].removeprefix("urn:problem:")


def challenge(got):
    return got.value(b"WWW-Authenticate").decode()


def identity_of(arrived, audience="any"):
    (text,) = arrived.values(HEADER.encode())
    return verify(text.decode(), audience=audience, service_tokens=[SERVICE_TOKEN])


def test_token_is_accepted_and_its_caller_sent_to_the_upstream(gateway, upstream):
    assert send(gateway, "/things/1", bearer(token(KEY, sub="7", client_id="shop"))).status == 200

    caller = identity_of(upstream.requests[0])
    assert (caller.subject, caller.user_id, caller.client, caller.key_id) == ("7", 7, "shop", "")
    assert caller.scopes == {"things:read"}
    assert upstream.requests[0].values(b"Authorization") == []


@pytest.mark.parametrize("line", [bearer(API_KEY), f"X-API-Key: {API_KEY}", f"x-api-key:{API_KEY}"])
def test_api_key_is_accepted_and_its_caller_sent_to_the_upstream(gateway, upstream, line):
    assert send(gateway, "/things", line).status == 200

    caller = identity_of(upstream.requests[0])
    assert (caller.subject, caller.user_id, caller.key_id) == ("key:partner", 5, "partner")
    assert API_KEY.encode() not in upstream.requests[0].head


def test_scheme_is_case_insensitive(gateway):
    assert send(gateway, "/things", f"AUTHORIZATION: bEARER  {GOOD}").status == 200


@pytest.mark.parametrize("lines", [[], ["Authorization: Basic dTpw"], ["Authorization:"], ["Authorization: Bearerx"]])
def test_request_without_credentials_gets_a_bare_challenge(gateway, upstream, lines):
    got = send(gateway, "/things", *lines)

    assert problem(got) == (401, "not_authenticated")
    assert challenge(got) == 'Bearer realm="gateway"'
    assert upstream.requests == []


@pytest.mark.parametrize("name", [name for name in BAD if name != "surrogates"])
def test_bad_token_gets_401_invalid_token(gateway, upstream, name):
    line = bearer(BAD[name]).replace("\0", "%00")
    got = exchange(gateway.port, f"GET /things HTTP/1.1\r\nHost: x\r\n{line}\r\n\r\n".encode("latin-1"))

    assert problem(got) == (401, "invalid_token")
    assert challenge(got).startswith('Bearer realm="gateway", error="invalid_token", error_description="')
    assert upstream.requests == []


@pytest.mark.parametrize(
    "text",
    ["gk_", "gk_partner", "gk_partner_", API_KEY[:-1], API_KEY + "k", API_KEY[:-1] + "x", "gk_nobody_" + "k" * 43],
)
def test_bad_api_key_gets_401_invalid_token(gateway, upstream, text):
    for line in (bearer(text), f"X-API-Key: {text}"):
        assert problem(send(gateway, "/things", line)) == (401, "invalid_token")
    assert upstream.requests == []


def test_api_key_header_accepts_no_token(gateway):
    assert problem(send(gateway, "/things", f"X-API-Key: {GOOD}")) == (401, "invalid_token")


@pytest.mark.parametrize(
    ("target", "lines"),
    [
        ("/things", [bearer(GOOD), bearer(GOOD)]),
        ("/things", [bearer(GOOD), f"X-API-Key: {API_KEY}"]),
        ("/things", [f"X-API-Key: {API_KEY}"] * 2),
        (f"/things?access_token={GOOD}", []),
        (f"/things?a=b&access%5Ftoken={GOOD}", []),
        (f"/things?access_token={GOOD}", [bearer(GOOD)]),
        ("/things?access_token", [bearer(GOOD)]),
    ],
)
def test_two_credentials_or_one_in_the_query_get_400(gateway, upstream, target, lines):
    got = send(gateway, target, *lines)

    assert problem(got) == (400, "invalid_request")
    assert 'error="invalid_request"' in challenge(got)
    assert upstream.requests == []


def test_query_that_only_resembles_a_credential_is_accepted(gateway, upstream):
    assert send(gateway, "/things?my_access_token=1&q=access_token", bearer(GOOD)).status == 200


def test_missing_scope_gets_403_that_names_it(gateway, upstream):
    got = send(gateway, "/things", bearer(GOOD), method="POST")

    assert problem(got) == (403, "insufficient_scope")
    assert challenge(got) == 'Bearer realm="gateway", error="insufficient_scope", scope="things:write"'
    assert upstream.requests == []


def test_all_scopes_of_a_route_are_required(gateway):
    assert 'scope="things:write"' in challenge(send(gateway, "/both", bearer(GOOD)))
    assert send(gateway, "/both", bearer(token(KEY, scope="things:write things:read"))).status == 200


def test_other_methods_need_the_default_scope(gateway):
    writer = bearer(token(KEY, scope="things:write"))

    for method in ("POST", "PUT", "PATCH", "DELETE", "PURGE", "default"):
        assert send(gateway, "/things", writer, method=method).status == 200
    assert send(gateway, "/things", writer).status == 403


@pytest.mark.parametrize("lines", [[], [bearer(GOOD)]])
def test_method_without_scope_gets_405(gateway, upstream, lines):
    got = send(gateway, "/read-only", *lines, method="DELETE")

    assert problem(got) == (405, "method_not_allowed")
    assert got.value(b"Allow") == b"GET, HEAD"
    assert upstream.requests == []


def test_path_cannot_bypass_its_route(gateway, upstream):
    targets = ("/free/../things", "/free/%2e%2e/things", "/things/", "/things/%2e", "//things")
    read_literally = ("/things/../free", "/things/%2e%2e/free", "/things%2F../free", "/things/x/../../free")
    for target in (*targets, *read_literally):
        assert send(gateway, target).status in (401, 404)
    assert upstream.requests == []


def test_public_route_needs_no_credentials_and_forwards_them(gateway, upstream):
    assert send(gateway, "/free").status == 200
    assert send(gateway, "/free?access_token=x", bearer("x"), "X-API-Key: y").status == 200

    first, second = upstream.requests
    assert first.values(HEADER.encode()) == second.values(HEADER.encode()) == []
    assert (second.values(b"Authorization"), second.values(b"X-API-Key")) == ([b"Bearer x"], [b"y"])


FORGED = ["X-Internal-Identity: forged", "x-internal_identity: forged", "X_Internal_Identity: forged"]


@pytest.mark.parametrize(
    "lines", [[bearer(GOOD), *FORGED], [bearer(GOOD), *FORGED, "Connection: X-Internal-Identity"]]
)
def test_forged_identity_is_dropped(gateway, upstream, lines):
    assert send(gateway, "/things", *lines).status == 200
    assert send(gateway, "/free", *FORGED).status == 200

    assert identity_of(upstream.requests[0]).subject == "7"
    assert all(b"forged" not in arrived.head for arrived in upstream.requests)


def test_forged_identity_in_trailers_is_dropped(gateway, upstream):
    lines = ["Transfer-Encoding: chunked", bearer(token(KEY, scope="things:write"))]
    body = b"1\r\na\r\n0\r\nX-Internal-Identity: forged\r\nX_Internal-Identity: forged\r\nOther: kept\r\n\r\n"

    assert exchange(gateway.port, request("POST", "/things", *lines) + body).status == 200

    assert b"forged" not in upstream.requests[0].body
    assert b"Other: kept" in upstream.requests[0].body


def test_credential_is_dropped_in_every_spelling(gateway, upstream):
    send(gateway, "/things", bearer(GOOD), "X_API_Key: other", "x_api-key: other")

    assert not any(b"other" in value for _, value in upstream.requests[0].fields)


def test_identity_is_signed_once_for_many_requests(gateway, upstream):
    for _ in range(3):
        send(gateway, "/things", bearer(GOOD))

    assert len({arrived.values(HEADER.encode())[0] for arrived in upstream.requests}) == 1


def test_session_cookie_of_the_route_is_accepted_without_identity(gateway, upstream):
    assert send(gateway, "/pages", "Cookie: a=b; any_sessionid=abc").status == 200

    assert upstream.requests[0].values(HEADER.encode()) == []


@pytest.mark.parametrize(
    ("target", "lines"),
    [
        ("/pages", ["Cookie: other_sessionid=abc"]),
        ("/pages", ["Cookie: any_sessionid="]),
        ("/pages", ["Cookie: any_sessionid"]),
        ("/pages", ["Cookie: any_sessionid=abc", bearer("bad")]),
        ("/pages", ["Cookie: any_sessionid=abc", "X-API-Key: bad"]),
        ("/things", ["Cookie: any_sessionid=abc"]),
    ],
)
def test_other_cookies_are_refused(gateway, upstream, target, lines):
    assert send(gateway, target, *lines).status == 401
    assert upstream.requests == []


def test_health_is_public(gateway):
    for target in ("/health", "/health/live", "/health/ready"):
        assert send(gateway, target).status == 200


def test_portal_that_is_not_exposed_is_an_unknown_path(gateway):
    for target in ("/", "/-/status", "/-/docs", "/-/openapi.json"):
        assert send(gateway, target).status == 404


PREFLIGHT = ["Origin: https://shop.example", "Access-Control-Request-Method: GET"]


def test_preflight_needs_no_credentials_and_permits_authorization(gateway, upstream):
    got = send(gateway, "/cors", *PREFLIGHT, "Access-Control-Request-Headers: authorization", method="OPTIONS")

    assert (got.status, got.value(b"Access-Control-Allow-Headers")) == (204, b"authorization")
    assert send(gateway, "/things", *PREFLIGHT, method="OPTIONS").status == 200
    assert upstream.requests[0].values(HEADER.encode()) == []


def test_options_that_is_no_preflight_needs_credentials(gateway):
    assert send(gateway, "/things", "Origin: https://shop.example", method="OPTIONS").status == 401


def test_refusal_is_readable_for_pages_of_allowed_origins(gateway):
    got = send(gateway, "/cors", "Origin: https://shop.example")

    assert (got.status, got.value(b"Access-Control-Allow-Origin")) == (401, b"https://shop.example")


def test_browser_gets_a_page(gateway):
    got = send(gateway, "/things", "Accept: text/html")

    assert (got.status, got.value(b"Content-Type")) == (401, b"text/html; charset=utf-8")
    assert challenge(got) == 'Bearer realm="gateway"'


def test_websocket_handshake_is_authenticated(gateway, upstream):
    upstream.script = accept
    assert send(gateway, "/socket", *HANDSHAKE).status == 401

    with Client(gateway.port) as client:
        client.send(request("GET", "/socket", *HANDSHAKE, bearer(GOOD)))
        assert client.read_until(b"\r\n\r\n").startswith(b"HTTP/1.1 101 ")
    assert identity_of(upstream.requests[0]).subject == "7"


def test_trace_of_the_gateway_shows_no_credential(gateway):
    writer = bearer(token(KEY, scope="things:write"))

    got = send(gateway, "/things", writer, "Max-Forwards: 0", method="TRACE")

    assert got.status == 200
    assert b"uthorization" not in got.body


def test_body_of_an_unauthenticated_request_is_not_received(gateway, upstream):
    with Client(gateway.port) as client:
        client.send(request("POST", "/things", "Content-Length: 1000000", "Expect: 100-continue"))
        got = client.read()

    assert (got.status, got.interim) == (401, [])


def test_key_sets_named_by_a_token_are_never_requested(gateway):
    evil = JwksServer(key_set(SigningKey("evil")))
    attacker_key = SigningKey("evil")
    try:
        for name in ("jku", "x5u", "kid", "iss"):
            bad = token(attacker_key, {name: evil.url + "/jwks"})
            assert problem(send(gateway, "/things", bearer(bad))) == (401, "invalid_token")
        bad = token(attacker_key, {"jwk": attacker_key.jwk, "x5c": ["AAAA"]}, iss=evil.url)
        assert problem(send(gateway, "/things", bearer(bad))) == (401, "invalid_token")
        assert evil.paths == []
    finally:
        evil.close()


def test_token_is_refused_after_it_expires(gateway):
    """Neither the cache of verified tokens nor the tolerated clock skew extends the life of a token."""
    text = token(KEY, exp=int(time.time()) - 28)
    assert send(gateway, "/things", bearer(text)).status == 200

    ends_at = time.monotonic() + 10
    while (got := send(gateway, "/things", bearer(text))).status == 200:
        assert time.monotonic() < ends_at
        time.sleep(0.1)

    assert problem(got) == (401, "invalid_token")
    assert "expired" in challenge(got)


def test_rate_limit_is_per_subject(gateway):
    def statuses(line):
        return [send(gateway, "/limited", line).status for _ in range(4)]

    assert statuses(bearer(token(KEY, sub="51"))) == [200, 200, 200, 429]
    assert statuses(bearer(token(KEY, sub="52"))) == [200, 200, 200, 429]
    assert statuses(bearer(API_KEY)) == [200, 200, 200, 429]
    assert statuses(bearer(token(KEY, sub="51", jti="another"))) == [429] * 4


def test_rate_limit_of_a_key_counts_all_its_requests(gateway):
    responses = [send(gateway, target, bearer(LIMITED_KEY)) for target in ("/things", "/limited", "/pages")]

    assert [got.status for got in responses] == [200, 200, 429]
    assert responses[0].value(b"RateLimit-Policy") == b'"key";q=2;w=3600'
    assert responses[1].value(b"RateLimit-Policy") == b'"requests";q=3;w=3600, "key";q=2;w=3600'
    assert responses[2].value(b"Retry-After")


@pytest.fixture
def strict(share, upstream, jwks_file):
    """A gateway that limits failures per address, has two service tokens, and logs in the console format."""
    settings = protected_routes(upstream.url, jwks_file, auth='failure_limit = "3/hour"')
    tokens = f"{SERVICE_TOKEN},old"
    return share(settings, SERVICE_TOKEN=tokens, TRUSTED_PROXIES="127.0.0.1", LOG_FORMAT="console")


def test_failures_are_limited_per_address(strict):
    assert send(strict, "/things", bearer(GOOD)).status == 200

    def status(line, address="192.0.2.1"):
        return send(strict, "/things", line, f"X-Forwarded-For: {address}").status

    assert [status(bearer(text)) for text in ("bad", "gk_bad", "bad", "bad", "gk_bad")] == [401, 401, 401, 429, 429]
    assert status(bearer("bad"), "192.0.2.2") == 401
    # Clients behind the same address may still send verified tokens and API keys.
    assert status(bearer(GOOD)) == 200
    assert status(bearer(API_KEY)) == 200
    assert status(bearer(token(KEY, jti="new"))) == 429
    assert send(strict, "/things", "X-Forwarded-For: 192.0.2.1").status == 401


@pytest.fixture(scope="module")
def providers():
    """JWKS servers: two that work, one that fails, and one that stalls."""
    names = ("good", "going", "failing", "stalling")
    running = {name: JwksServer(key_set(KEY)) for name in names}
    running["failing"].status = 500
    running["stalling"].seconds = 30
    yield running
    for name in ("good", "failing", "stalling"):
        running[name].close()


@pytest.fixture(scope="module")
def changing_file(tmp_path_factory):
    """A key set whose first key is withdrawn later."""
    file = tmp_path_factory.mktemp("changing") / "jwks.json"
    file.write_text(key_set(KEY, OTHER))
    return file


@pytest.fixture(scope="module")
def trusting(session_upstream, providers, changing_file, tmp_path_factory):
    """A gateway that trusts all of these providers; each is the issuer ``https://NAME``."""
    jwks = {name: server.url + "/jwks" for name, server in providers.items()} | {"changing": changing_file}
    first, *others = [(f"https://{name}", url) for name, url in jwks.items()]
    tables = [f'[[auth.issuers]]\nissuer = "{name}"\naudience = "{AUDIENCE}"\njwks = "{url}"' for name, url in others]
    settings = protected_routes(session_upstream.url, first[1], issuer="\n".join(tables)).replace(ISSUER, first[0])
    with started(tmp_path_factory.mktemp("gateway"), settings, SERVICE_TOKEN=SERVICE_TOKEN) as gateway:
        yield gateway


def issued(name, key=KEY, **claims):
    return bearer(token(key, iss=f"https://{name}", **claims))


def test_keys_are_fetched_before_the_first_request(trusting, providers):
    ends_at = time.monotonic() + 5
    while not providers["good"].paths:
        assert time.monotonic() < ends_at
        time.sleep(0.02)
    assert providers["good"].paths == ["/jwks"]


def test_without_keys_a_token_gets_503(trusting, upstream):
    got = send(trusting, "/things", issued("failing"))

    assert problem(got) == (503, "keys_unavailable")
    assert got.value(b"Retry-After") == b"5"
    assert send(trusting, "/things", bearer(API_KEY)).status == 200


def test_stalled_provider_delays_other_requests_only_briefly(trusting, upstream):
    assert problem(send(trusting, "/things", issued("stalling"))) == (503, "keys_unavailable")
    assert send(trusting, "/things", issued("good")).status == 200
    assert "no response within 2 s" in trusting.log


def test_keys_stay_cached_after_their_provider_stops(trusting, upstream, providers):
    assert send(trusting, "/things", issued("going")).status == 200

    providers["going"].close()

    assert send(trusting, "/things", issued("going", jti="new")).status == 200
    assert send(trusting, "/things", issued("going", SigningKey("new"))).status == 401


def test_cached_token_of_a_withdrawn_key_is_refused(trusting, upstream, changing_file):
    assert send(trusting, "/things", issued("changing")).status == 200

    changing_file.write_text(key_set(OTHER))

    ends_at = time.monotonic() + 10
    while (got := send(trusting, "/things", issued("changing"))).status == 200:
        assert time.monotonic() < ends_at
        time.sleep(0.1)
    assert problem(got) == (401, "invalid_token")
    assert send(trusting, "/things", issued("changing", OTHER)).status == 200


def test_each_upstream_gets_its_own_identity(gateway, upstream):
    send(gateway, "/two", bearer(GOOD))
    send(gateway, "/things", bearer(GOOD))

    assert identity_of(upstream.requests[0], "two").subject == identity_of(upstream.requests[1], "any").subject == "7"


def test_first_service_token_signs_the_identity(strict, upstream):
    send(strict, "/things", bearer(GOOD))

    assert identity_of(upstream.requests[0]).subject == "7"


def test_access_log_has_the_caller_and_no_output_has_secrets(start, upstream, jwks_file):
    gateway = start(
        protected_routes(upstream.url, jwks_file),
        SERVICE_TOKEN=SERVICE_TOKEN,
        LOG_LEVEL="DEBUG",
        OTEL_TRACES_EXPORTER="console",
        METRICS_BIND=f"127.0.0.1:{(port := free_port())}",
    )
    named = token(KEY, sub="subject one", client_id="shop")
    bad = [text for text in BAD.values() if len(text) in range(20, 16_000) and text.isascii()]
    send(gateway, "/things", bearer(named))
    send(gateway, "/things", bearer(API_KEY))
    send(gateway, "/things", bearer(named), method="POST")
    for text in bad:
        send(gateway, "/things", bearer(text))
    send(gateway, f"/things?access_token={named}")
    send(gateway, "/things", bearer(named), f"X-API-Key: {API_KEY}")
    send(gateway, "/things", bearer(API_KEY[:-1]))

    ends_at = time.monotonic() + 5
    while len(lines := access_lines(gateway)) < len(bad) + 6:
        assert time.monotonic() < ends_at
        time.sleep(0.05)
    first, second, third, *others = lines
    assert (first["subject"], first["client_id"], first["status"]) == ("subject one", "shop", 200)
    assert (second["subject"], second["key_id"]) == ("key:partner", "partner")
    assert (third["subject"], third["status"]) == ("subject one", 403)
    assert not any({"subject", "client_id", "key_id"} & set(line) for line in others)
    metrics = exchange(port, request(target="/metrics")).body.decode()
    assert 'gateway_requests_total{method="GET",route="/things",status="401"}' in metrics
    sent = [arrived.values(HEADER.encode())[0].decode() for arrived in upstream.requests]
    for secret in [named, API_KEY, API_KEY[:-1], SERVICE_TOKEN, *sent, *bad]:
        for piece in (secret, secret.rpartition(".")[2]):
            assert len(piece) < 10 or piece not in gateway.log + metrics


def access_lines(gateway):
    return [json.loads(line) for line in gateway.log_lines if '"logger": "access"' in line]


def test_console_format_has_the_caller(strict):
    send(strict, "/things", bearer(token(KEY, sub="one\ntwo")))

    ends_at = time.monotonic() + 5
    while r"subject='one\ntwo'" not in strict.log:
        assert time.monotonic() < ends_at, strict.log
        time.sleep(0.05)
