"""Spans with OpenTelemetry's semantic conventions for HTTP; imported only if tracing is on."""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from http import HTTPStatus
from urllib.parse import urlsplit
from wsgiref.types import WSGIApplication, WSGIEnvironment

from opentelemetry import propagate, trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.requests import RequestsInstrumentor
from opentelemetry.instrumentation.wsgi import OpenTelemetryMiddleware
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Span, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter, SimpleSpanProcessor
from opentelemetry.trace import SpanKind, Status, StatusCode

from observability.request_id import current_request_id

Attributes = Mapping[str, str | int]

_METHODS = frozenset({"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"})
_NAMED_GROUP = re.compile(r"\(\?P<(\w+)>(?:[^()]|\([^()]*\))*\)")
_CONVERTER = re.compile(r"<(?:\w+:)?(\w+)>")


def start_export(service: str, exporter: str) -> None:
    """Set the tracer provider of this process; ``exporter`` is ``otlp`` or ``console``."""
    provider = TracerProvider(resource=Resource.create({"service.name": service}))
    provider.add_span_processor(_RequestIdProcessor())
    if exporter == "console":
        one_line = ConsoleSpanExporter(formatter=lambda span: f"{span.to_json(indent=None)}\n")
        provider.add_span_processor(SimpleSpanProcessor(one_line))
    else:
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)


class _RequestIdProcessor(SpanProcessor):
    """Adds ``request_id`` to each span that starts within a request."""

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        if request_id := current_request_id():
            span.set_attribute("request_id", request_id)


def instrumented(application: WSGIApplication) -> WSGIApplication:
    """Wrap ``application`` with a span per request, and create one per call of the requests library."""
    RequestsInstrumentor().instrument()
    middleware: WSGIApplication = OpenTelemetryMiddleware(application, request_hook=_correct)
    return middleware


def _correct(span: trace.Span, environ: WSGIEnvironment) -> None:
    """Set host and port separately, and redact the query, which may contain personal data."""
    span.set_attributes(server_attributes(environ.get("HTTP_HOST", ""), environ["wsgi.url_scheme"]))
    if environ.get("QUERY_STRING"):
        span.set_attribute("url.query", "REDACTED")


def server_attributes(host: str, scheme: str) -> Attributes:
    """Return the attributes of the server in a Host header; empty if the header is empty or malformed."""
    try:
        server = urlsplit(f"//{host}")
        port = server.port or (443 if scheme == "https" else 80)
    except ValueError:
        return {}
    return {"server.address": server.hostname, "server.port": port} if server.hostname else {}


def server_span(
    method: str, attributes: Attributes, headers: Iterable[tuple[str, str]]
) -> AbstractContextManager[None]:
    """Start a span of a received request, as a child of the span in its ``headers``."""
    parent = propagate.extract({name.lower(): value for name, value in headers})
    return _span(method, SpanKind.SERVER, attributes, parent)


def client_span(method: str, attributes: Attributes) -> AbstractContextManager[None]:
    """Start a span of an outgoing request, as a child of the current span."""
    return _span(method, SpanKind.CLIENT, attributes, None)


def consumer_span(name: str, headers: Mapping[str, str]) -> AbstractContextManager[None]:
    """Start a span of the processing of a message, as a child of the span in its ``headers``."""
    tracer = trace.get_tracer(__name__)
    return tracer.start_as_current_span(name, propagate.extract(headers), SpanKind.CONSUMER)  # type: ignore[return-value]


@contextmanager
def _span(method: str, kind: SpanKind, attributes: Attributes, parent: Context | None) -> Iterator[None]:
    known = {"http.request.method": method}
    if method not in _METHODS:
        known = {"http.request.method": "_OTHER", "http.request.method_original": method}
    with trace.get_tracer(__name__).start_as_current_span(
        _name(method), parent, kind, {**known, **attributes}, record_exception=False
    ) as span:
        try:
            yield
        except Exception as error:
            span.set_attribute("error.type", type(error).__qualname__)
            raise


def describe_request(method: str, route: str, request_id: str) -> None:
    """Add route and request id to the current span; ``route`` is empty if no route matched."""
    span = trace.get_current_span()
    span.update_name(f"{_name(method)} {route}".rstrip())
    if route:
        span.set_attribute("http.route", route)
    span.set_attribute("request_id", request_id)


def note_status(status: int, first_error: int = HTTPStatus.INTERNAL_SERVER_ERROR) -> None:
    """Add a response's status to the current span; statuses from ``first_error`` on are errors."""
    span = trace.get_current_span()
    span.set_attribute("http.response.status_code", status)
    if status >= first_error:
        span.set_attribute("error.type", str(status))
        span.set_status(Status(StatusCode.ERROR))


def route_template(route: str) -> str:
    """Convert a URL pattern to a route template: ``^users/(?P<pk>[^/.]+)/?$`` to ``/users/{pk}``."""
    template = _CONVERTER.sub(r"{\1}", _NAMED_GROUP.sub(r"{\1}", route.removesuffix("$").removesuffix("/?")))
    return "/" + template.replace("^", "").replace("\\", "")


def _name(method: str) -> str:
    return method if method in _METHODS else "HTTP"
