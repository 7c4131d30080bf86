"""The portal: pages of the gateway for people, at ``/`` and under ``/-/``."""

import json
import re
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest

from portal.state import summary
from tests.client import exchange, request
from tests.process import configuration, free_port, started, wait_for
from tests.upstream import Upstream

HTML = "Accept: text/html,*/*;q=0.8"
OWN_PATHS = ("/", "/-", "/-/", "/-/status", "/-/docs", "/-/openapi.json", "/-/static/portal.css", "/-/nothing")


def routed(*urls, path="/a", **more):
    """Return a routes file with one route that leaves ``/`` to the portal."""
    return configuration(*urls, **more).replace('path = "/"', f'path = "{path}"')


def ready(content):
    """Return an upstream whose readiness check responds with ``content``."""
    body = json.dumps(content).encode()

    def script(connection, received):
        text = body if received.target == b"/health/ready" else b"ok"
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(text), text))

    upstream = Upstream()
    upstream.script = script
    return upstream


def lag(events, seconds):
    return {"user": {"lag_events": events, "lag_seconds": seconds}}


READY = {
    "seconds": {"status": "ok", "events": lag(0, 0.4)},
    "behind": {"status": "ok", "events": lag(12, 3.0)},
    "not_yet": {"status": "ok", "events": lag(0, None)},
    "no_events": {"status": "ok"},
    "text": "ok",
    "number": {"events": 1},
    "malformed": {"events": {"user": {"lag": 1}}},
}


@pytest.fixture(scope="module")
def dead():
    """The URL of a replica that is down."""
    return f"http://127.0.0.1:{free_port()}"


@pytest.fixture(scope="module")
def stopping():
    """Services that stop during a test."""
    services = {name: ready(READY["seconds"]) for name in ("stopping", "reading")}
    yield services
    for upstream in services.values():
        upstream.close()


@pytest.fixture(scope="module")
def mixed(stopping, dead, tmp_path_factory):
    """A portal behind a trusted proxy, with the services of ``READY`` and ``stopping``, and three more.

    One of two replicas of ``half`` is down, and the only replica of ``dead`` and of ``failing``.
    """
    services = {name: ready(content) for name, content in (READY | {"half": "ok"}).items()}
    urls = {name: [upstream.url] for name, upstream in (services | stopping).items()}
    urls["half"].append(dead)
    urls |= {"dead": [dead], "failing": [dead]}
    settings = "".join(configuration(*of, name=name) for name, of in urls.items())
    environment = {"EXPOSE_PORTAL": "true", "TRUSTED_PROXIES": "127.0.0.0/8"}
    with started(tmp_path_factory.mktemp("gateway"), settings, **environment) as gateway:
        yield gateway
    for upstream in services.values():
        upstream.close()


def shown(gateway, name, target="/-/status"):
    """Return the part of a page about one service."""
    _, _, rest = get(gateway, target, HTML).body.decode().partition(f'id="service-{name}"')
    return rest.partition(' id="service-')[0]


def get(gateway, target, *lines):
    return exchange(gateway.port, request("GET", target, *lines))


def index(gateway):
    return json.loads(get(gateway, "/", "Accept: application/json").body)


def service(gateway, name="any"):
    return index(gateway)["services"][name]


def is_of_portal(received):
    """Return whether the portal sent the request: a health check, or a request for a document."""
    return received.values(b"Connection") == [b"close"]


@pytest.fixture(scope="module")
def upstream_of_portals():
    """An upstream for this module, because the health checks of a portal would disturb the tests of others."""
    upstream = Upstream()
    yield upstream
    upstream.close()


@pytest.fixture
def upstream(upstream_of_portals):
    upstream_of_portals.reset()
    return upstream_of_portals


@pytest.fixture(scope="module")
def portal_of_two(upstream_of_portals, tmp_path_factory):
    settings = routed(upstream_of_portals.url)
    with started(tmp_path_factory.mktemp("gateway"), settings, workers=2, EXPOSE_PORTAL="true") as gateway:
        yield gateway


@pytest.fixture
def portal(portal_of_two, upstream):
    """A portal of one service in a gateway of two processes."""
    return portal_of_two


def test_browser_gets_a_page_with_services_and_links(portal):
    got = get(portal, "/", HTML)

    assert (got.status, got.value(b"Content-Type")) == (200, b"text/html; charset=utf-8")
    assert got.value(b"Vary") == b"Accept"
    assert b'<a href="/a">' in got.body
    assert b"curl http://example.org/a" in got.body
    assert b'id="service-any"' in got.body


@pytest.mark.parametrize(
    ("lines", "origin"),
    [
        (["X-Forwarded-Proto: https", "X-Forwarded-Host: shop.example:8443, inner"], "https://shop.example:8443"),
        (["X-Forwarded-Proto: https"], "https://example.org"),
        ([], "http://example.org"),
    ],
)
def test_addresses_have_the_forwarded_origin_of_a_trusted_proxy(mixed, lines, origin):
    page = get(mixed, "/", HTML, *lines).body.decode()
    index = json.loads(get(mixed, "/", *lines).body)

    assert f"curl {origin}/seconds<" in page
    assert f"{origin}/seconds" in index["links"]["api"]
    assert all(address.startswith(f"{origin}/") for address in index["links"]["api"])


def test_addresses_ignore_the_forwarded_origin_of_an_untrusted_client(portal):
    got = get(portal, "/", HTML, "X-Forwarded-Proto: https", "X-Forwarded-Host: evil.example")

    assert b"curl http://example.org/a<" in got.body
    assert b"evil.example" not in got.body


@pytest.mark.parametrize("lines", [(), ("Accept: */*",), ("Accept: application/json",)])
def test_other_clients_get_a_json_index(portal, lines):
    got = get(portal, "/", *lines)

    assert got.value(b"Content-Type") == b"application/json"
    content = json.loads(got.body)
    assert content["links"]["api"] == ["http://example.org/a"]
    assert content["services"]["any"]["circuit"] == "closed"


def test_status_is_a_fragment(portal):
    got = get(portal, "/-/status")

    assert got.status == 200
    assert got.body.startswith(b'<div data-summary="')
    assert got.value(b"Cache-Control") == b"no-store"


@pytest.mark.parametrize("target", ["/", "/-/status", "/-/docs"])
def test_pages_have_a_strict_content_security_policy(portal, target):
    policy = get(portal, target, HTML).value(b"Content-Security-Policy").decode()

    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    assert "http" not in policy


@pytest.mark.parametrize("target", ["/", "/-/status", "/-/docs", "/-/openapi.json", "/-/static/portal.css"])
def test_only_get_and_head_are_allowed(portal, target):
    got = exchange(portal.port, request("POST", target))

    assert (got.status, got.value(b"Allow")) == (405, b"GET, HEAD")


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("portal.css", b"text/css"),
        ("swagger-ui-bundle.js", b"text/javascript"),
        ("portal.js", b"text/javascript"),
        ("icon.svg", b"image/svg+xml"),
    ],
)
def test_files_of_pages_are_served(portal, name, kind):
    got = get(portal, f"/-/static/{name}")

    assert (got.status, got.value(b"Content-Type")) == (200, kind)
    assert got.value(b"X-Content-Type-Options") == b"nosniff"


def test_unchanged_file_is_not_sent_again(portal):
    changed_at = get(portal, "/-/static/portal.css").value(b"Last-Modified").decode()

    assert get(portal, "/-/static/portal.css", f"If-Modified-Since: {changed_at}").status == 304


@pytest.mark.parametrize("path", ["/-", "/-/", "/-/nothing", "/-/static/", "/-/static/..%2f..%2fviews.py"])
def test_unknown_paths_under_the_portal_are_problems(portal, path):
    got = get(portal, path)

    assert (got.status, json.loads(got.body)["type"]) == (404, "urn:problem:not_found")


@pytest.mark.parametrize("target", OWN_PATHS)
def test_catch_all_route_gets_the_paths_of_the_portal_by_default(gateway, session_upstream, target):
    session_upstream.reset()

    get(gateway, target)

    assert session_upstream.requests[0].target == target.encode()


def test_route_for_the_root_has_precedence_over_the_portal(share, upstream):
    gateway = share(configuration(upstream.url), EXPOSE_PORTAL="true")

    get(gateway, "/", HTML)
    get(gateway, "/-x")
    own = get(gateway, "/-/status")

    assert [one.target for one in upstream.requests if not is_of_portal(one)] == [b"/", b"/-x"]
    assert own.status == 200


def test_load_is_the_sum_of_all_processes(portal):
    wait_for(lambda: service(portal)["state"] == "up")

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: get(portal, "/a"), range(40)))

    # From either process.
    wait_for(lambda: all(service(portal)["requests_per_second"] for _ in range(8)))
    assert service(portal)["p50_ms"] > 0
    assert service(portal)["error_percent"] == 0


def test_errors_and_failures_are_shown(mixed):
    wait_for(lambda: service(mixed, "failing")["state"] == "down")

    for _ in range(6):
        get(mixed, "/failing")

    seen = wait_for(lambda: (one := service(mixed, "failing"))["failures"] and one)
    assert seen["failures"]["upstream_unreachable"] > 0
    assert seen["circuit"] == "open"
    assert seen["error_percent"] == 100
    assert "circuit open" in shown(mixed, "failing")
    assert "circuit open" not in shown(mixed, "dead")


def test_service_that_stops_is_down_at_the_next_check(mixed, stopping):
    wait_for(lambda: service(mixed, "stopping")["state"] == "up")

    stopping["stopping"].close()
    time.sleep(1.1)  # the minimum time between two checks
    seen = service(mixed, "stopping")

    assert seen["state"] == "down"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", seen["down_since"])
    assert re.search(r"Down: [^.]*\bstopping\b[^.]*\.", get(mixed, "/", HTML).body.decode())
    since = r"Down since <time datetime=\"[^\"]+\">\d\d:\d\d:\d\d UTC</time>"
    assert re.search(since, shown(mixed, "stopping", "/"))


def test_api_document_without_documents_of_services_is_empty(mixed):
    assert json.loads(get(mixed, "/-/openapi.json").body)["paths"] == {}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("seconds", "0.4 <small>s ago</small>"),
        ("behind", "12 <small>behind</small>"),
        ("not_yet", "<small>not yet</small>"),
    ],
)
def test_lag_of_a_service_that_reads_events_is_shown(mixed, name, words):
    seen = wait_for(lambda: service(mixed, name).get("events"))

    assert seen == READY[name]["events"]
    for page in ("/-/status", "/"):
        assert f"<dt>User events read</dt><dd>{words}</dd>" in shown(mixed, name, page)


@pytest.mark.parametrize("name", ["no_events", "text", "number", "malformed"])
def test_service_without_events_has_no_lag(mixed, name):
    wait_for(lambda: service(mixed, name)["state"] == "up")
    wait_for(lambda: service(mixed, "seconds").get("events"))  # all services are checked at once

    assert "events" not in service(mixed, name)
    assert "<dt>Requests</dt>" in shown(mixed, name)
    assert "events read" not in shown(mixed, name)


def test_lag_of_a_stopped_service_is_not_shown(mixed, stopping):
    wait_for(lambda: "events" in service(mixed, "reading"))

    stopping["reading"].close()

    wait_for(lambda: "events" not in service(mixed, "reading"))


def test_start_of_an_outage_stays_the_same(mixed):
    first = wait_for(lambda: service(mixed, "dead")["down_since"])

    time.sleep(1.5)

    assert service(mixed, "dead")["down_since"] == first


def test_service_with_one_of_two_replicas_down_is_degraded(mixed):
    seen = wait_for(lambda: (one := service(mixed, "half"))["state"] == "degraded" and one)

    assert sorted(seen["replicas"].values()) == ["down", "up"]
    assert '<span class="badge">degraded</span>' in shown(mixed, "half")


def test_summary_names_degraded_services_if_none_is_down():
    half, whole = SimpleNamespace(name="half", state="degraded"), SimpleNamespace(name="whole", state="up")

    assert summary([half, whole]) == "Some replicas are down: half."


@pytest.mark.timing
def test_page_does_not_wait_for_an_unresponsive_service(start, upstream):
    upstream.script = lambda connection, received: time.sleep(3)
    gateway = start(routed(upstream.url), EXPOSE_PORTAL="true")
    seconds = []

    for _ in range(15):
        began = time.monotonic()
        get(gateway, "/", HTML)
        seconds.append(time.monotonic() - began)
        time.sleep(0.1)

    assert max(seconds[1:]) < 0.1  # the first request compiles the templates
    assert service(gateway)["state"] == "down"


def test_polled_status_is_not_logged(portal):
    get(portal, "/-/status")
    get(portal, "/-/unknown")

    wait_for(lambda: "/-/unknown" in portal.log)
    assert "/-/status" not in portal.log
