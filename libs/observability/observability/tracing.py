"""Traces with OpenTelemetry: off, and not even imported, unless OTEL_TRACES_EXPORTER says where they go.

``otlp`` sends them to OTEL_EXPORTER_OTLP_ENDPOINT, ``console`` writes each span as a line of JSON to the standard
output. The packages are those of the extra ``tracing``. All other variables are OpenTelemetry's own; spans follow its
stable semantic conventions for HTTP unless OTEL_SEMCONV_STABILITY_OPT_IN asks for others.
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


def check() -> None:
    """End the program with one line when tracing is asked for and cannot work; to be called before a server starts."""
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
    except ImportError:  # its parent is missing, too
        return False


def start(service: str) -> None:
    """Start to export the spans of this process, if tracing is on; to be called after the fork of a worker."""
    name = exporter()
    if name is None:
        return
    from observability import spans

    spans.start_export(service, name)
    global _is_on  # noqa: PLW0603 - a process is traced from its start to its end
    _is_on = True


def is_on() -> bool:
    """Whether this process makes spans."""
    return _is_on


def traced(application: WSGIApplication) -> WSGIApplication:
    """Return ``application`` with a span for each request that is not polled; itself while tracing is off."""
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
    """Return the ``trace_id`` and ``span_id`` of the current span; nothing outside of one, or while tracing is off."""
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
    """Return the headers that make the next service's spans children of the current one; none while tracing is off."""
    headers: dict[str, str] = {}
    if _is_on:
        from opentelemetry import propagate

        propagate.inject(headers)
    return headers


def consumer_span(message: Mapping[str, str], name: str) -> AbstractContextManager[None]:
    """Make a span of work on a message, as a child of the span in its ``traceparent``; none while tracing is off."""
    if not _is_on:
        return nullcontext()
    from observability import spans

    return spans.consumer_span(name, {"traceparent": message.get("traceparent", "")})


class TracingMiddleware:
    """Gives a service's span its route and request id; it stands just inside the middleware that chooses the id."""

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
