"""The spans of the gateway, as exported by OpenTelemetry."""

import json
import time
import uuid

import pytest

from tests.client import exchange, request
from tests.process import configuration, free_port, started, wait_for
from tests.upstream import Upstream, respond_with

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
SERVER, CLIENT = "SpanKind.SERVER", "SpanKind.CLIENT"

down = free_port()


def routes(*urls, name="a"):
    return configuration(*urls, name=name)


@pytest.fixture(scope="module")
def module_gateway(session_upstream, tmp_path_factory):
    dead = f"http://127.0.0.1:{down}"
    settings = [
        routes(session_upstream.url),
        routes(dead, name="unreachable"),
        routes(dead, session_upstream.url, name="second"),
    ]
    environment = {"OTEL_TRACES_EXPORTER": "console", "TRUSTED_PROXIES": "127.0.0.1"}
    with started(tmp_path_factory.mktemp("gateway"), "".join(settings), **environment) as gateway:
        yield gateway


@pytest.fixture
def gateway(module_gateway, upstream):
    """A gateway that writes its spans to its log. ``/unreachable`` and the first replica of ``/second`` are down."""
    return module_gateway


def entries(gateway):
    return [json.loads(line) for line in gateway.log_lines]


def spans(gateway, kind, request_id, count=1):
    """Wait for the spans of a request; the server span is written after the response."""
    ends_at = time.monotonic() + 5
    while True:
        all_spans = [entry for entry in entries(gateway) if entry.get("kind") == kind]
        found = [span for span in all_spans if span["attributes"]["request_id"] == request_id]
        if len(found) >= count:
            return found
        assert time.monotonic() < ends_at, gateway.log


def trace(gateway, *args, **kwargs):
    """Send a request, and return its server span and the client spans of its attempts."""
    request_id = uuid.uuid4().hex
    method, target, *fields = args
    exchange(gateway.port, request(method, target, f"X-Request-ID: {request_id}", *fields, **kwargs))
    (server,) = spans(gateway, SERVER, request_id)
    return server, spans(gateway, CLIENT, request_id, count=0)


def test_server_span_has_the_attributes_of_the_conventions(gateway):
    server, _ = trace(
        gateway,
        *("GET", "/a/7%2F?email=ada@example.com", "User-Agent: curl/8", "X-Forwarded-For: 203.0.113.7"),
        host="shop.example.com:8081",
    )

    assert server["name"] == "GET /a"
    assert len(server["attributes"].pop("request_id")) == 32
    assert server["attributes"] == {
        "http.request.method": "GET",
        "http.route": "/a",
        "http.response.status_code": 200,
        "url.path": "/a/7%2F",
        "url.scheme": "http",
        "server.address": "shop.example.com",
        "server.port": 8081,
        "client.address": "203.0.113.7",
        "user_agent.original": "curl/8",
    }
    assert server["status"] == {"status_code": "UNSET"}
    assert server["resource"]["attributes"]["service.name"] == "gateway"
    assert "ada@example.com" not in gateway.log


@pytest.mark.parametrize(
    ("host", "address", "port"),
    [("shop.example.com", "shop.example.com", 80), ("[::1]:81", "::1", 81), ("[:::]", None, None)],
)
def test_server_address_is_the_host_of_the_request(gateway, host, address, port):
    server, _ = trace(gateway, "GET", "/a", host=host)

    attributes = server["attributes"]
    assert (attributes.get("server.address"), attributes.get("server.port")) == (address, port)


def test_span_without_a_route_is_named_by_the_method(gateway):
    server, attempts = trace(gateway, "GET", "/nowhere")

    assert server["name"] == "GET"
    assert "http.route" not in server["attributes"]
    assert server["attributes"]["http.response.status_code"] == 404
    assert server["status"] == {"status_code": "UNSET"}
    assert attempts == []


def test_unknown_method_is_recorded_as_other(gateway):
    server, _ = trace(gateway, "LOCK", "/a")

    assert server["name"] == "HTTP /a"
    assert server["attributes"]["http.request.method"] == "_OTHER"
    assert server["attributes"]["http.request.method_original"] == "LOCK"


@pytest.mark.parametrize(
    ("status", "of_server", "of_attempt"),
    [(399, "UNSET", "UNSET"), (400, "UNSET", "ERROR"), (499, "UNSET", "ERROR"), (500, "ERROR", "ERROR")],
)
def test_status_decides_which_span_failed(gateway, upstream, status, of_server, of_attempt):
    upstream.script = respond_with(f"HTTP/1.1 {status} Oops\r\nContent-Length: 0\r\n\r\n".encode())

    server, (attempt,) = trace(gateway, "GET", "/a")

    for span, expected in ((server, of_server), (attempt, of_attempt)):
        assert span["attributes"]["http.response.status_code"] == status
        assert span["status"]["status_code"] == expected
        assert span["attributes"].get("error.type") == (str(status) if expected == "ERROR" else None)


def test_truncated_response_is_an_error(gateway, upstream):
    def script(connection, arrived):
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok")
        connection.close()

    upstream.script = script

    server, _ = trace(gateway, "GET", "/a")

    assert server["status"]["status_code"] == "ERROR"
    assert server["attributes"]["error.type"] == "BrokenResponseError"
    assert server["attributes"]["http.response.status_code"] == 200


def test_health_checks_and_metrics_are_not_traced(gateway):
    for path in ("/health", "/health/live", "/health/nowhere", "/metrics"):
        exchange(gateway.port, request(target=path))
    trace(gateway, "GET", "/a")

    paths = {entry["attributes"].get("url.path") for entry in entries(gateway) if "kind" in entry}
    assert "/a" in paths
    assert not [path for path in paths if path and path.startswith(("/health", "/metrics"))]


def test_upstream_gets_the_span_of_the_attempt_as_parent(gateway, upstream):
    server, (attempt,) = trace(gateway, "GET", "/a", f"traceparent: 00-{TRACE}-{PARENT}-01")

    assert server["parent_id"] == f"0x{PARENT}"
    assert attempt["parent_id"] == server["context"]["span_id"]
    span_id = attempt["context"]["span_id"].removeprefix("0x")
    assert upstream.requests[0].values(b"traceparent") == [f"00-{TRACE}-{span_id}-01".encode()]


def test_each_attempt_is_a_client_span(gateway, upstream):
    server, (failed, succeeded) = trace(gateway, "GET", "/second?b")

    assert {span["parent_id"] for span in (failed, succeeded)} == {server["context"]["span_id"]}
    assert failed["attributes"]["server.port"] == down
    assert failed["attributes"]["error.type"] == "UnreachableError"
    assert failed["status"]["status_code"] == "ERROR"
    assert succeeded["name"] == "GET"
    assert succeeded["status"] == {"status_code": "UNSET"}
    assert succeeded["attributes"] == {
        "http.request.method": "GET",
        "http.request.resend_count": 1,
        "http.response.status_code": 200,
        "url.full": f"{upstream.url}/second",
        "server.address": "127.0.0.1",
        "server.port": upstream.port,
        "network.peer.address": "127.0.0.1",
        "request_id": server["attributes"]["request_id"],
    }


def test_json_lines_of_a_request_have_its_trace_id(gateway):
    server, _ = trace(gateway, "GET", "/unreachable", f"traceparent: 00-{TRACE}-{PARENT}-01")

    request_id = server["attributes"]["request_id"]
    *warnings, access = [entry for entry in entries(gateway) if entry.get("request_id") == request_id]
    assert {line["message"] for line in warnings} == {"Upstream failed"}
    assert access["logger"] == "access"
    for line in (*warnings, access):
        assert line["trace_id"] == TRACE
        assert f"0x{line['span_id']}" == server["context"]["span_id"]


@pytest.fixture(scope="module")
def collector():
    server = Upstream()
    yield server
    server.close()


@pytest.fixture(scope="module")
def exporting_gateway(session_upstream, collector, tmp_path_factory):
    settings = routes(session_upstream.url) + routes(f"http://127.0.0.1:{down}", name="unreachable")
    environment = {
        "LOG_FORMAT": "console",
        "OTEL_TRACES_EXPORTER": "otlp",
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
        "OTEL_BSP_SCHEDULE_DELAY": "100",
    }
    with started(tmp_path_factory.mktemp("gateway"), settings, **environment) as gateway:
        yield gateway


@pytest.fixture
def exporting(exporting_gateway, upstream):
    """A gateway that exports its spans to a collector, and logs in the console format."""
    exporting_gateway.begin_log()
    return exporting_gateway


def wait_for_line(gateway, beginning):
    return wait_for(lambda: [line for line in gateway.log_lines if line.startswith(beginning)])[0]


def test_console_lines_have_columns(exporting):
    exchange(exporting.port, request("GET", "/a", "X-Request-ID: known"))

    line = wait_for_line(exporting, "GET /a 200 2 B ")
    assert " ms 127.0.0.1 " in line
    assert line.endswith(" [known]")


def test_console_lines_of_a_request_have_its_trace_id(exporting):
    exchange(exporting.port, request("GET", "/unreachable", f"traceparent: 00-{TRACE}-{PARENT}-01"))

    access = wait_for_line(exporting, "GET /unreachable 503")
    warning = next(line for line in exporting.log_lines if "Upstream failed" in line)
    assert f" trace_id={TRACE} span_id=" in warning
    assert f" trace_id={TRACE} span_id=" in access


def test_spans_are_exported_to_a_collector_from_a_gevent_worker(collector, exporting):
    exchange(exporting.port, request("GET", "/a"))

    wait_for(lambda: any(b"GET /a" in received.body for received in collector.requests))
    assert {received.target for received in collector.requests} == {b"/v1/traces"}
    assert "MonkeyPatchWarning" not in exporting.log_file.read_text()
