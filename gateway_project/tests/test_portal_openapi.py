"""The OpenAPI document of the whole API, merged from the documents of running services."""

import html
import inspect
import json
import re
import shlex
import time
from types import SimpleNamespace

import gevent
import pytest
from gevent.event import Event

from portal import documents, openapi
from problems.schema import PROBLEM as PROBLEM_SCHEMA
from proxy.errors import GatewayError, TlsError, TooManyRequestsError
from proxy.routes import Route, UpstreamSettings
from tests.client import exchange, request
from tests.process import configuration, started, wait_for
from tests.upstream import Upstream

ROUTES = """
[upstreams.user]
urls = ["{user}"]
[upstreams.order]
urls = ["{order}"]
[[routes]]
path = "/users"
upstream = "user"
max_body = "1 MiB"
[[routes]]
path = "/orders"
upstream = "order"
rate_limit = "1000/second"
"""
PROBLEM = "application/problem+json"


REFERENCE = {"$ref": "#/components/schemas/Problem"}


def subclasses(base):
    return [one for cls in base.__subclasses__() for one in (cls, *subclasses(cls))]


def operation(**responses):
    problem = {"description": "No.", "content": {PROBLEM: {"schema": REFERENCE}}}
    refused = {status: problem | {"x-problem-types": ["urn:problem:searches_busy"]} for status in responses}
    return {"summary": "It.", "responses": {"200": {"description": "It."}} | refused}


def document(path):
    return {
        "openapi": "3.1.0",
        "info": {"title": f"The service of {path}", "version": "1", "description": f"Only {path}.\n\nWhat it does."},
        "paths": {
            path: {"get": operation(), "post": operation(**{"503": 1}) | {"requestBody": {"content": {}}}},
            "/internal": {"get": operation()},
        },
        "components": {"schemas": {"Problem": PROBLEM_SCHEMA}},
    }


def json_response(content, status=b"200 OK"):
    body = json.dumps(content).encode()
    return b"HTTP/1.1 %b\r\nContent-Length: %d\r\n\r\n%b" % (status, len(body), body)


def serving(path):
    upstream = Upstream()
    ok = json_response("ok")
    responses = {b"/openapi.json": json_response(document(path)), b"/": ok, b"/health/ready": ok}
    upstream.script = lambda connection, received: connection.send(responses[received.target])
    return upstream


def routes(services):
    return ROUTES.format(**{name: upstream.url for name, upstream in services.items()})


@pytest.fixture(scope="module")
def tokens():
    """The service tokens of the requests for the document of the user service."""
    return []


@pytest.fixture(scope="module")
def gateway(tmp_path_factory, tokens):
    """A gateway whose services run and have documents."""
    running = {"user": serving("/users"), "order": serving("/orders")}
    ok = running["user"].script

    def note_token(connection, received):
        if received.target == b"/openapi.json":
            tokens.append(received.values(b"X-Service-Token"))
        ok(connection, received)

    running["user"].script = note_token
    environment = {"EXPOSE_PORTAL": "true", "SERVICE_TOKEN": "secret"}
    with started(tmp_path_factory.mktemp("gateway"), routes(running), **environment) as gateway:
        yield gateway
    for upstream in running.values():
        upstream.close()


def fetched(gateway):
    got = exchange(gateway.port, request("GET", "/-/openapi.json"))
    assert (got.status, got.value(b"Content-Type")) == (200, b"application/json")
    return json.loads(got.body)


def stale(found):
    return {tag["name"]: tag.get("x-stale-since") for tag in found["tags"]}


def test_document_has_the_routed_paths_of_all_services(gateway):
    found = fetched(gateway)

    assert set(found["paths"]) == {"/users", "/orders"}
    assert [tag["name"] for tag in found["tags"]] == ["user", "order"]
    assert found["tags"][0]["description"] == "**The service of /users.** Only /users."
    assert stale(found) == {"user": None, "order": None}


def test_problems_of_the_gateway_are_responses(gateway):
    found = fetched(gateway)

    user, order = found["paths"]["/users"], found["paths"]["/orders"]
    assert set(user["get"]["responses"]) == {"200", "502", "503", "504"}
    assert set(user["post"]["responses"]) == {"200", "400", "403", "408", "413", "502", "503", "504"}
    assert set(order["get"]["responses"]) == {"200", "429", "502", "503", "504"}
    assert user["get"]["responses"]["503"]["content"][PROBLEM]["schema"] == REFERENCE
    both = user["post"]["responses"]["503"]
    assert both["content"][PROBLEM]["schema"] == REFERENCE
    assert both["x-problem-types"] == [
        "urn:problem:circuit_open",
        "urn:problem:request_buffer_full",
        "urn:problem:searches_busy",
        "urn:problem:upstream_unreachable",
    ]
    assert both["description"].startswith("No.\n* `circuit_open`:")
    assert "* `request_buffer_full`:" in both["description"]
    assert "* `request_buffer_full`:" not in user["get"]["responses"]["503"]["description"]
    header = {"$ref": "#/components/headers/X-Request-ID"}
    assert user["get"]["responses"]["504"]["headers"]["X-Request-ID"] == header
    assert found["components"]["headers"]["X-Request-ID"]["required"] is True


def test_headers_of_the_gateways_problems_are_stated(gateway):
    found = fetched(gateway)

    responses = found["paths"]["/orders"]["get"]["responses"]
    assert set(responses["429"]["headers"]) == {"X-Request-ID", "Retry-After", "RateLimit", "RateLimit-Policy"}
    assert set(responses["502"]["headers"]) == {"X-Request-ID"}
    assert set(responses["503"]["headers"]) == {"X-Request-ID", "Retry-After"}
    assert set(found["components"]["headers"]) == set(responses["429"]["headers"])


@pytest.mark.parametrize(
    "problem",
    [
        one for one in subclasses(GatewayError) if one is not TooManyRequestsError
    ],  # which the limiter gives its headers
    ids=lambda problem: problem.__name__,
)
def test_headers_are_those_of_the_problem(problem):
    arguments = {"retry_after": 1.0, "missing": ["a"], "detail": "No."}
    names = inspect.signature(problem).parameters.keys() & arguments.keys()

    sent = problem(**{name: arguments[name] for name in names}).headers

    assert set(sent) == set(problem.header_names)


def test_services_may_have_another_schema_of_the_name():
    components = {"schemas": {"Problem": {"type": "string"}}}

    reference = openapi._component(components, "schemas", "Problem", PROBLEM_SCHEMA)

    assert reference == {"$ref": "#/components/schemas/Problem_"}
    assert components["schemas"] == {"Problem": {"type": "string"}, "Problem_": PROBLEM_SCHEMA}


@pytest.mark.parametrize(("url", "uses_tls"), [("http://a:1", False), ("https://a:1", True)])
def test_failed_tls_is_a_problem_of_upstreams_with_https(monkeypatch, url, uses_tls):
    upstream = SimpleNamespace(settings=UpstreamSettings("a", (url,)))
    monkeypatch.setattr(openapi, "gateway", lambda: SimpleNamespace(upstreams={"a": upstream}))

    problems = [*openapi._problems(Route("/x", "a"), "get", {})]

    assert (TlsError in problems) is uses_tls


def test_service_token_is_sent(gateway, tokens):
    fetched(gateway)

    assert tokens[0] == [b"secret"]


@pytest.fixture(scope="module")
def later(tmp_path_factory):
    """Documents and page before and after one of three services stops and another hangs.

    ``in_background`` has the paths that the gateway requested before the first request of a client.
    """
    running = {"user": serving("/users"), "order": serving("/orders"), "items": serving("/items")}
    settings = routes(running) + configuration(running["items"].url, name="items")
    with started(tmp_path_factory.mktemp("gateway"), settings, EXPOSE_PORTAL="true") as gateway:
        wait_for(lambda: [one.target for one in running["user"].requests].count(b"/") >= 2)  # health checks
        in_background = {one.target for one in running["user"].requests}
        running["user"].close()
        before = fetched(gateway)
        running["items"].script = lambda connection, received: time.sleep(4)
        time.sleep(5.1)  # until documents are read again
        after = fetched(gateway)
        page = exchange(gateway.port, request("GET", "/-/docs", "Accept: text/html")).body.decode()
    for upstream in running.values():
        upstream.close()
    return SimpleNamespace(in_background=in_background, before=before, after=after, page=page)


def test_documents_are_read_before_the_first_request(later):
    assert b"/openapi.json" in later.in_background
    assert set(later.before["paths"]) == {"/users", "/orders", "/items"}


def test_lags_are_not_read_before_the_first_request(later):
    assert b"/health/ready" not in later.in_background


def test_service_that_stops_leaves_its_last_good_document_marked_as_stale(later):
    after = later.after

    assert set(after["paths"]) == set(later.before["paths"])
    assert stale(after)["user"].endswith("Z")
    assert stale(after)["order"] is None
    assert after["tags"][0]["description"].startswith("**Stale since ")
    assert after["paths"]["/users"]["get"]["x-stale-since"] == stale(after)["user"]
    assert "x-stale-since" not in after["paths"]["/orders"]["get"]


def test_document_of_a_service_that_hangs_is_stale_at_once(later):
    assert "/items" in later.before["paths"]
    assert set(later.after["paths"]) == set(later.before["paths"])
    assert stale(later.after)["items"]


def test_page_lists_the_operations_and_marks_stale_documents(later):
    assert later.page.count('<details class="operation">') == 6
    assert "<b>POST</b> /users" in later.page
    assert later.page.count("this is its last document, stale since") == 2


BROKEN = {
    "status": json_response({}, b"500 Internal Server Error"),
    "old_version": json_response({"openapi": "3.0.3"}),
    "malformed": b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{,}",
    "cut_off": b"HTTP/1.1 200 OK\r\nContent-Length: 300\r\n\r\n{",
    "no_responses": json_response({"openapi": "3.1.0", "paths": {"/no_responses": {"get": {"responses": None}}}}),
    "nested": b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + b"[" * 100_000,
    "too_large": b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n" + b" " * 9_000_000,
}


def responding(data):
    def respond(connection, received):
        connection.send(data)
        connection.close()

    upstream = Upstream()
    upstream.script = respond
    return upstream


def with_examples():
    """Return a document with an example for one command line, and operations without a command line."""
    own = document("/orders")
    example = {"examples": {"New": {"value": {"name": "O'Brien"}}}}
    own["paths"]["/orders"]["post"]["requestBody"]["content"] = {"application/json": example}
    own["paths"]["/orders/{id}"] = {"post": own["paths"]["/orders"]["post"]}  # path with a parameter
    own["paths"]["/orders/other"] = {"post": unusual(), "get": operation()}
    return own


def unusual():
    """Return a valid operation with boolean schemas, and a reference to a parameter that is no component."""
    anything = {"description": "No.", "content": {PROBLEM: {"schema": True}}}
    return {
        "parameters": [{"$ref": "#/paths/~1orders~1other/get/parameters/0"}],
        "requestBody": {"content": {"application/json": {"schema": True}}},
        "responses": {"502": anything, "503": {"description": "No."}},
    }


@pytest.fixture(scope="module")
def broken(tmp_path_factory):
    """Document and pages of services of which only ``orders`` has a valid document, and the seconds to the response."""
    running = {name: responding(data) for name, data in BROKEN.items()} | {"hanging": Upstream()}
    running["hanging"].script = lambda connection, received: time.sleep(4)
    running |= {"without": responding(json_response({}, b"404 Not Found"))}
    running |= {"orders": responding(json_response(with_examples()))}
    settings = "".join(configuration(upstream.url, name=name) for name, upstream in running.items())
    with started(tmp_path_factory.mktemp("gateway"), settings, EXPOSE_PORTAL="true") as gateway:
        # A busy machine may take longer than the gateway waits.
        wait_for(lambda: "the without service is missing" not in fetched(gateway)["info"]["description"])
        began = time.monotonic()
        found = fetched(gateway)
        seconds = time.monotonic() - began
        page = exchange(gateway.port, request("GET", "/", "Accept: text/html")).body.decode()
        docs = exchange(gateway.port, request("GET", "/-/docs")).body.decode()
    for upstream in running.values():
        upstream.close()
    return SimpleNamespace(found=found, seconds=seconds, page=html.unescape(page), docs=docs)


@pytest.mark.parametrize("name", [*BROKEN, "hanging"])
def test_broken_document_of_a_service_leaves_the_others(broken, name):
    assert set(broken.found["paths"]) == {"/orders", "/orders/{id}", "/orders/other"}
    assert f"The document of the {name} service is missing: " in broken.found["info"]["description"]


def test_unusual_document_is_shown(broken):
    assert broken.docs.count('<details class="operation">') == 5
    responses = broken.found["paths"]["/orders/other"]["post"]["responses"]
    assert responses["502"]["content"][PROBLEM]["schema"] == {"anyOf": [True, REFERENCE]}


def test_service_without_a_document_is_left_out(broken):
    assert "without" not in {tag["name"] for tag in broken.found["tags"]}
    assert "The document of the without service is missing" not in broken.found["info"]["description"]


def test_unresponsive_service_delays_the_document_by_a_second_at_most(broken):
    assert broken.seconds < 2


def test_page_has_a_command_line_for_each_example_of_a_post(broken):
    lines = [shlex.split(line) for line in re.findall("<code>(curl .*)</code>", broken.page)]

    posts = [line for line in lines if "POST" in line]
    header, body = "Content-Type: application/json", '{"name": "O\'Brien"}'
    assert posts == [["curl", "-X", "POST", "http://example.org/orders", "-H", header, "-d", body]]
    assert ["curl", "http://example.org/orders"] in lines
    assert ["curl", "-H", "Accept: application/json", "http://example.org/"] in lines


def test_text_common_to_all_descriptions_appears_once(gateway):
    found = fetched(gateway)

    assert "`GET /health`" in found["info"]["description"]
    assert found["info"]["description"].endswith("\n\nWhat it does.")
    assert found["tags"][0]["description"] == "**The service of /users.** Only /users."


def test_concurrent_reads_request_a_document_once(monkeypatch):
    def read(name):
        names.append(name)
        reading.set()
        complete.wait(10)
        return {}

    names, known, reading, complete = [], documents.Documents(), Event(), Event()
    monkeypatch.setattr(documents, "_read", read)
    monkeypatch.setattr(documents, "gateway", lambda: SimpleNamespace(upstreams={"user": None}))

    page = gevent.spawn(known.refresh)
    assert reading.wait(10)
    gevent.spawn(known.fetch_missing)
    gevent.sleep()  # starts the background read
    complete.set()
    page.join(10)

    assert (names, known.of("user").reason) == (["user"], "")
