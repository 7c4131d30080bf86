"""Tracing with OpenTelemetry, disabled and not imported unless OTEL_TRACES_EXPORTER is set.

``otlp`` exports spans to OTEL_EXPORTER_OTLP_ENDPOINT; ``console`` writes each span as a line of JSON to the standard
output. The packages are in the extra ``tracing``. All other OpenTelemetry variables apply. Spans follow the stable
semantic conventions for HTTP unless OTEL_SEMCONV_STABILITY_OPT_IN selects others.
"""

import os
import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from importlib.util import find_spec
from typing import TYPE_CHECKING
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from observability.polled import is_polled
from observability.request_id import current_request_id

if TYPE_CHECKING:  # gunicorn's main process imports this before Django
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

EXPORTERS = ("otlp", "console")
_PACKAGES = (
    "opentelemetry.sdk",
    "opentelemetry.exporter.otlp.proto.http",
    "opentelemetry.instrumentation.requests",
    "opentelemetry.instrumentation.wsgi",
)

_is_on = False


def exporter() -> str | None:
    """Return the name of the exporter, or None if tracing is off.

    Raises:
        ValueError: OTEL_TRACES_EXPORTER has an unknown value.
    """
    name = os.environ.get("OTEL_TRACES_EXPORTER", "none")
    if name in ("", "none"):
        return None
    if name not in EXPORTERS:
        raise ValueError(f"OTEL_TRACES_EXPORTER must be none or one of {', '.join(EXPORTERS)}, not {name}")
    return name


def check() -> None:
    """Exit with an error message if tracing is enabled but not usable. Call it before a server starts."""
    try:
        name = exporter()
    except ValueError as error:
        sys.exit(str(error))
    if name and not all(map(_is_installed, _PACKAGES)):
        sys.exit(
            f"OTEL_TRACES_EXPORTER={name} needs OpenTelemetry, which is not installed:"
            ' install the extra "tracing" (observability[tracing]); build images with TRACING=1.'
        )


def _is_installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ImportError:  # the parent package is missing
        return False


def start(service: str) -> None:
    """Start the export of spans if tracing is enabled. Call it in each worker, after the fork."""
    name = exporter()
    if name is None:
        return
    from observability import spans

    spans.start_export(service, name)
    global _is_on  # noqa: PLW0603 - set once per process
    _is_on = True


def is_on() -> bool:
    """Whether tracing is on in this process."""
    return _is_on


def traced(application: WSGIApplication) -> WSGIApplication:
    """Wrap ``application`` with a span per request, except for polled paths; unchanged if tracing is off."""
    check()
    if exporter() is None:
        return application
    os.environ.setdefault("OTEL_SEMCONV_STABILITY_OPT_IN", "http")
    from observability import spans

    with_span = spans.instrumented(application)

    def choose(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        chosen = application if is_polled(environ["PATH_INFO"]) else with_span
        return chosen(environ, start_response)

    return choose


def current_ids() -> dict[str, str]:
    """Return ``trace_id`` and ``span_id`` of the current span; empty without a span or if tracing is off."""
    if not _is_on:
        return {}
    from opentelemetry import trace

    context = trace.get_current_span().get_span_context()
    if not context.is_valid:
        return {}
    return {
        "trace_id": trace.format_trace_id(context.trace_id),
        "span_id": trace.format_span_id(context.span_id),
    }


def outgoing_headers() -> dict[str, str]:
    """Return headers that propagate the current span to another service; empty if tracing is off."""
    headers: dict[str, str] = {}
    if _is_on:
        from opentelemetry import propagate

        propagate.inject(headers)
    return headers


def consumer_span(message: Mapping[str, str], name: str) -> AbstractContextManager[None]:
    """Start a span of the processing of a message, as a child of its ``traceparent``; no span if tracing is off."""
    if not _is_on:
        return nullcontext()
    from observability import spans

    return spans.consumer_span(name, {"traceparent": message.get("traceparent", "")})


class TracingMiddleware:
    """Adds route and request id to the span of a request. Place it directly below ``RequestIdMiddleware``."""

    def __init__(self, get_response: "Callable[[HttpRequest], HttpResponseBase]") -> None:
        from django.core.exceptions import MiddlewareNotUsed

        if exporter() is None:
            raise MiddlewareNotUsed
        self.get_response = get_response

    def __call__(self, request: "HttpRequest") -> "HttpResponseBase":
        """Handle the request."""
        from observability import spans

        response = self.get_response(request)
        match = request.resolver_match
        route = spans.route_template(match.route) if match else ""
        spans.describe_request(request.method or "", route, current_request_id())
        return response
