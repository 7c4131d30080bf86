"""Traces with OpenTelemetry: off, and not even imported, unless OTEL_TRACES_EXPORTER says where they go.

``otlp`` sends them to OTEL_EXPORTER_OTLP_ENDPOINT, ``console`` writes each span as a line of JSON to the standard
output. The packages are those of ``requirements-tracing.txt``. All other variables are OpenTelemetry's own.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from wsgiref.types import WSGIApplication

EXPORTERS = ("otlp", "console")

_is_on = False  # in this process


def exporter() -> str | None:
    """Return where spans go; None while tracing is off.

    Raises:
        ValueError: OTEL_TRACES_EXPORTER is something else.
    """
    name = os.environ.get("OTEL_TRACES_EXPORTER", "none")
    if name in ("", "none"):
        return None
    if name not in EXPORTERS:
        raise ValueError(f"OTEL_TRACES_EXPORTER must be none or one of {', '.join(EXPORTERS)}, not {name}")
    return name


def traced(application: WSGIApplication) -> WSGIApplication:
    """Return ``application`` with a span for each request; itself while tracing is off."""
    if exporter() is None:
        return application
    from opentelemetry.instrumentation.requests import RequestsInstrumentor
    from opentelemetry.instrumentation.wsgi import OpenTelemetryMiddleware

    RequestsInstrumentor().instrument()
    middleware: WSGIApplication = OpenTelemetryMiddleware(application)
    return middleware


def start(service: str) -> None:
    """Start to export the spans of this process, if tracing is on; to be called after the fork of a worker."""
    name = exporter()
    if name is None:
        return
    from opentelemetry import trace
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter, SimpleSpanProcessor

    provider = TracerProvider(resource=Resource.create({"service.name": service}))
    if name == "console":
        one_line = ConsoleSpanExporter(formatter=lambda span: f"{span.to_json(indent=None)}\n")
        provider.add_span_processor(SimpleSpanProcessor(one_line))
    else:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    global _is_on  # noqa: PLW0603 - a process is traced from its start to its end
    _is_on = True


@contextmanager
def span(name: str, headers: Iterable[tuple[str, str]]) -> Iterator[None]:
    """Make a server's span of what happens inside, as a child of the one that ``headers`` tell of."""
    if not _is_on:
        yield
        return
    from opentelemetry import propagate, trace

    parent = propagate.extract({name.lower(): value for name, value in headers})
    with trace.get_tracer(__name__).start_as_current_span(name, parent, trace.SpanKind.SERVER):
        yield


def outgoing_headers() -> dict[str, str]:
    """Return the headers that make the next service's spans children of the current one; none while tracing is off."""
    headers: dict[str, str] = {}
    if _is_on:
        from opentelemetry import propagate

        propagate.inject(headers)
    return headers
