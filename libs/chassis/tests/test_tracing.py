import json
import os
import subprocess
import sys

import pytest

from chassis import tracing

TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
RECEIVED = [("Traceparent", f"00-{TRACE_ID}-b7ad6b7169203331-01")]


def application(environ, start_response):
    return []


def run(code, **variables):
    """Run a program that traces; return what it prints."""
    return subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | variables,
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    ).stdout


@pytest.mark.parametrize("name", [None, "", "none"])
def test_off_changes_nothing(monkeypatch, name):
    monkeypatch.delenv("OTEL_TRACES_EXPORTER", raising=False)
    if name is not None:
        monkeypatch.setenv("OTEL_TRACES_EXPORTER", name)

    assert tracing.traced(application) is application
    with tracing.span("GET", RECEIVED):
        assert tracing.outgoing_headers() == {}


def test_off_imports_nothing():
    run(
        "import sys; from chassis import tracing; tracing.start('library'); tracing.traced(print);"
        "assert not any(name.startswith('opentelemetry') for name in sys.modules)",
        OTEL_TRACES_EXPORTER="none",
    )


def test_unknown_exporter_is_refused(monkeypatch):
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "jaeger")

    with pytest.raises(ValueError, match="none or one of otlp, console, not jaeger"):
        tracing.start("library")


SPAN = f"""
from chassis import tracing
tracing.start("library")
with tracing.span("GET", {RECEIVED}):
    sent = tracing.outgoing_headers()["traceparent"]
print(sent)
"""


def test_span_continues_the_trace_that_was_received_and_is_continued_by_what_is_sent():
    line, sent = run(SPAN, OTEL_TRACES_EXPORTER="console").splitlines()

    span = json.loads(line)
    assert (span["name"], span["parent_id"]) == ("GET", "0xb7ad6b7169203331")
    assert sent == f"00-{TRACE_ID}-{span['context']['span_id'].removeprefix('0x')}-01"


def test_spans_are_sent_to_the_collector_at_the_latest_when_the_process_ends(httpserver):
    httpserver.expect_request("/v1/traces", method="POST").respond_with_data(b"")

    run(SPAN, OTEL_TRACES_EXPORTER="otlp", OTEL_EXPORTER_OTLP_ENDPOINT=httpserver.url_for("").rstrip("/"))

    ((request, _),) = httpserver.log
    assert bytes.fromhex(TRACE_ID) in request.data
