import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from observability import spans, tracing

PROJECT = Path(__file__).with_name("traced_project.py")
TRACE_ID, PARENT_ID = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


def application(environ, start_response):
    return []


def run(*arguments, **variables):
    command = [sys.executable, *arguments]
    environment = os.environ | {"OTEL_TRACES_EXPORTER": "console"} | variables
    environment.pop("DJANGO_SETTINGS_MODULE", None)
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30, check=False)


def handled(*targets, **variables):
    """Handle requests with the project; return its spans and its log entries."""
    done = run(str(PROJECT), *targets, **variables)
    assert done.returncode == 0, done.stderr
    return [[json.loads(line) for line in output.splitlines()] for output in (done.stdout, done.stderr)]


@pytest.mark.parametrize("name", [None, "", "none"])
def test_application_is_unchanged_if_tracing_is_off(monkeypatch, name):
    monkeypatch.delenv("OTEL_TRACES_EXPORTER", raising=False)
    if name is not None:
        monkeypatch.setenv("OTEL_TRACES_EXPORTER", name)

    assert tracing.traced(application) is application


def test_opentelemetry_is_not_imported_if_tracing_is_off():
    code = (
        "import sys; from observability import tracing; tracing.start('library'); tracing.traced(print);"
        "sys.exit(any(name.startswith('opentelemetry') for name in sys.modules))"
    )

    assert run("-c", code, OTEL_TRACES_EXPORTER="none").returncode == 0


def test_unknown_exporter_is_refused(monkeypatch):
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "jaeger")

    with pytest.raises(ValueError, match="none or one of otlp, console, not jaeger"):
        tracing.start("library")


def test_unknown_exporter_exits_with_a_message():
    done = run("-c", "from observability import tracing; tracing.check()", OTEL_TRACES_EXPORTER="jaeger")

    assert done.returncode == 1
    assert done.stderr == "OTEL_TRACES_EXPORTER must be none or one of otlp, console, not jaeger\n"


@pytest.mark.parametrize("missing", ["opentelemetry", "opentelemetry.instrumentation.wsgi"])
@pytest.mark.parametrize("call", ["check()", "traced(print)"])
def test_missing_packages_exit_with_a_message(missing, call):
    code = f"import sys; sys.modules['{missing}'] = None; from observability import tracing; tracing.{call}"

    done = run("-c", code)

    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "OTEL_TRACES_EXPORTER=console" in done.stderr
    assert "observability[tracing]" in done.stderr
    assert "TRACING=1" in done.stderr


def test_installed_packages_pass_the_check():
    assert run("-c", "from observability import tracing; tracing.check()").returncode == 0


@pytest.fixture(scope="module")
def outcomes():
    """The spans of some requests by path, and the log entries."""
    polled = ("/health", "/health/live", "/metrics")
    found, lines = handled("/fine?email=ada@example.com", "/books/7/", "/users/7", "/nowhere", "/fails", *polled)
    assert len(found) == len({span["attributes"]["url.path"] for span in found})
    return {span["attributes"]["url.path"]: span for span in found}, lines


@pytest.mark.parametrize(
    ("path", "route"),
    [("/fine", "/fine"), ("/books/7/", "/books/{pk}/"), ("/users/7", "/users/{pk}")],
)
def test_span_name_is_method_and_route(outcomes, path, route):
    span = outcomes[0][path]

    assert span["name"] == f"GET {route}"
    assert span["attributes"]["http.route"] == route
    assert span["attributes"]["request_id"] == "known"
    assert span["resource"]["attributes"]["service.name"] == "library"


def test_span_name_without_a_route_is_the_method(outcomes):
    span = outcomes[0]["/nowhere"]

    assert span["name"] == "GET"
    assert "http.route" not in span["attributes"]


def test_span_follows_the_stable_conventions_and_redacts_the_query(outcomes):
    span = outcomes[0]["/fine"]

    names = span["attributes"].keys()
    assert names >= {"http.request.method", "http.response.status_code", "url.path", "url.scheme"}
    assert not names & {"http.method", "http.status_code", "http.target"}
    assert (span["attributes"]["server.address"], span["attributes"]["server.port"]) == ("127.0.0.1", 8000)
    assert "ada@example.com" not in str(span)


def test_other_conventions_can_be_selected():
    (span,), _ = handled("/fine", OTEL_SEMCONV_STABILITY_OPT_IN="http/dup")

    assert span["attributes"].keys() >= {"http.request.method", "http.method"}


def test_server_error_marks_the_span_as_failed(outcomes):
    span = outcomes[0]["/fails"]

    assert span["status"]["status_code"] == "ERROR"
    assert span["attributes"]["error.type"] == "500"


def test_polled_paths_are_not_traced(outcomes):
    assert outcomes[0].keys() == {"/fine", "/books/7/", "/users/7", "/nowhere", "/fails"}


def test_log_lines_of_a_request_contain_its_trace(outcomes):
    span, lines = outcomes[0]["/fine"], outcomes[1][:2]

    assert [line["message"] for line in lines] == ["a line of a view", "request"]
    for line in lines:
        assert f"0x{line['trace_id']}" == span["context"]["trace_id"]
        assert f"0x{line['span_id']}" == span["context"]["span_id"]


def test_no_spans_and_trace_ids_if_tracing_is_off():
    made_spans, lines = handled("/fine", OTEL_TRACES_EXPORTER="none")

    assert made_spans == []
    assert not [line for line in lines if "trace_id" in line]


def run_in_trace(body):
    """Run code with a received trace; return its spans and the other lines of its output."""
    received = [("Traceparent", f"00-{TRACE_ID}-{PARENT_ID}-01")]
    code = f"from observability import spans, tracing\ntracing.start('library')\nRECEIVED = {received}\n{body}"
    done = run("-c", code)
    lines = done.stdout.splitlines()
    made_spans = [json.loads(line) for line in lines if line.startswith("{")]
    return made_spans, [line for line in lines if not line.startswith("{")]


def test_spans_and_headers_continue_the_received_trace():
    (client, server), (sent,) = run_in_trace(
        "with spans.server_span('GET', {'url.path': '/a'}, RECEIVED):\n"
        "    with spans.client_span('PUT', {}):\n"
        "        print(tracing.outgoing_headers()['traceparent'])\n"
        "        spans.note_status(404, first_error=400)\n"
        "    spans.describe_request('GET', '/a', 'known')\n"
        "    spans.note_status(404)\n"
    )

    assert {span["context"]["trace_id"] for span in (client, server)} == {f"0x{TRACE_ID}"}
    assert server["parent_id"] == f"0x{PARENT_ID}"
    assert client["parent_id"] == server["context"]["span_id"]
    assert sent == f"00-{TRACE_ID}-{client['context']['span_id'].removeprefix('0x')}-01"
    assert (server["name"], server["kind"]) == ("GET /a", "SpanKind.SERVER")
    assert (client["name"], client["kind"]) == ("PUT", "SpanKind.CLIENT")
    assert (server["status"]["status_code"], client["status"]["status_code"]) == ("UNSET", "ERROR")
    assert server["attributes"] == {
        "http.request.method": "GET",
        "http.response.status_code": 404,
        "http.route": "/a",
        "request_id": "known",
        "url.path": "/a",
    }


def test_spans_contain_the_request_id():
    (span,), _ = run_in_trace(
        "from observability.request_id import bound_request_id\n"
        "with bound_request_id('known'), spans.client_span('GET', {}):\n"
        "    pass\n"
    )

    assert span["attributes"]["request_id"] == "known"


def test_exception_marks_the_span_as_failed_without_a_traceback():
    (span,), _ = run_in_trace("with spans.client_span('GET', {}):\n    raise TimeoutError('too slow')\n")

    assert span["status"] == {"status_code": "ERROR", "description": "TimeoutError: too slow"}
    assert span["attributes"]["error.type"] == "TimeoutError"
    assert span["events"] == []


def test_unknown_method_is_other():
    (span,), _ = run_in_trace("with spans.client_span('LOCK', {}):\n    pass\n")

    assert span["name"] == "HTTP"
    assert span["attributes"] == {"http.request.method": "_OTHER", "http.request.method_original": "LOCK"}


@pytest.mark.parametrize(
    ("host", "scheme", "server"),
    [
        ("example.org", "http", {"server.address": "example.org", "server.port": 80}),
        ("example.org", "https", {"server.address": "example.org", "server.port": 443}),
        ("[::1]:81", "http", {"server.address": "::1", "server.port": 81}),
        ("[:::]:x", "http", {}),
        ("", "http", {}),
    ],
)
def test_server_attributes_are_parsed_from_the_host_header(host, scheme, server):
    assert spans.server_attributes(host, scheme) == server


@pytest.mark.parametrize(
    ("route", "template"),
    [
        ("", "/"),
        ("users/<int:pk>", "/users/{pk}"),
        ("users/<pk>/", "/users/{pk}/"),
        ("^users/?$", "/users"),
        ("^users/(?P<pk>[^/.]+)/?$", "/users/{pk}"),
        (r"^users/(?P<pk>\d{1,3}(?:x|y)?)/orders/(?P<number>[0-9]+)$", "/users/{pk}/orders/{number}"),
        (r"api/^openapi\.json$", "/api/openapi.json"),
    ],
)
def test_route_template_names_each_parameter(route, template):
    assert spans.route_template(route) == template
