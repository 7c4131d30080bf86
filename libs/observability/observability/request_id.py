"""A request id that is shared by all services, in headers, problems and log lines.

A received ``traceparent`` (W3C Trace Context) is forwarded unchanged.
"""

import random
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from observability.actor import set_actor

if TYPE_CHECKING:  # gunicorn's main process imports this module without Django
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

HEADER = "X-Request-ID"
TRACEPARENT = "traceparent"

PATTERN = "[A-Za-z0-9._:-]{1,128}"

_WELL_FORMED = re.compile(PATTERN)
_current: ContextVar[str] = ContextVar("request_id", default="")
_traceparent: ContextVar[str] = ContextVar("traceparent", default="")


def current_request_id() -> str:
    """Return the id of the current request; empty outside of one."""
    return _current.get()


def outgoing_headers() -> dict[str, str]:
    """Return the headers that propagate the request id and the trace to another service."""
    headers = {HEADER: _current.get(), TRACEPARENT: _traceparent.get()}
    return {name: value for name, value in headers.items() if value}


def choose_request_id(received: str | None) -> str:
    """Return ``received`` if it is well-formed, else a new id. An id has 1 to 128 characters ``A-Za-z0-9._:-``."""
    if received and _WELL_FORMED.fullmatch(received):
        return received
    return f"{random.getrandbits(128):032x}"


@contextmanager
def bound_request_id(request_id: str) -> Iterator[str]:
    """Set the current request id within a ``with`` block, for code outside of the middleware."""
    token = _current.set(request_id)
    try:
        yield request_id
    finally:
        _current.reset(token)


class RequestIdMiddleware:
    """Accepts or generates the request id and adds it to the response as ``X-Request-ID``."""

    def __init__(self, get_response: "Callable[[HttpRequest], HttpResponseBase]") -> None:
        self.get_response = get_response

    def __call__(self, request: "HttpRequest") -> "HttpResponseBase":
        """Handle the request with its id set."""
        request_id = choose_request_id(request.META.get("HTTP_X_REQUEST_ID"))
        tokens = _current.set(request_id), _traceparent.set(request.META.get("HTTP_TRACEPARENT", ""))
        try:
            response = self.get_response(request)
        finally:
            _current.reset(tokens[0])
            _traceparent.reset(tokens[1])
            set_actor("")
        response[HEADER] = request_id
        return response
