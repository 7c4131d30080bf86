"""Errors of forwarding. The view turns each into a problem (RFC 9457)."""

import math

from http1.fields import MalformedError
from http1.stream import EndOfStreamError

FAILURES = (EndOfStreamError, MalformedError, OSError)  # how a connection to an upstream fails


class GatewayError(Exception):
    """Base class; ``detail`` is shown to the client. ``header_names`` are the fields of its response."""

    status: int
    code: str
    header_names: tuple[str, ...] = ()

    def __init__(self, detail: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.headers = headers or {}


class CrossSiteError(GatewayError):
    """A browser sent the request from another site."""

    status = 403
    code = "cross_site_request"


class NoRouteError(GatewayError):
    """No route matches the path."""

    status = 404
    code = "no_route"


class MethodNotAllowedError(GatewayError):
    """The route does not allow the method."""

    status = 405
    code = "method_not_allowed"


class MalformedBodyError(GatewayError):
    """The request body is malformed, or ended early."""

    status = 400
    code = "malformed_body"


class ClientTooSlowError(GatewayError):
    """The request body arrived too slowly."""

    status = 408
    code = "request_timeout"


class BodyTooLargeError(GatewayError):
    """The request body is larger than the route allows."""

    status = 413
    code = "body_too_large"


class BufferFullError(GatewayError):
    """The request body cannot be buffered."""

    status = 503
    code = "request_buffer_full"
    header_names = ("Retry-After",)

    def __init__(self, detail: str) -> None:
        super().__init__(detail, {"Retry-After": "1"})


class TooManyRequestsError(GatewayError):
    """The client exceeded its rate limit."""

    status = 429
    code = "too_many_requests"
    header_names = ("Retry-After", "RateLimit", "RateLimit-Policy")


class TooManyTunnelsError(GatewayError):
    """The upstream has reached its limit of WebSocket tunnels."""

    status = 503
    code = "too_many_tunnels"
    header_names = ("Retry-After",)

    def __init__(self) -> None:
        super().__init__("The upstream has reached its limit of WebSockets.", {"Retry-After": "5"})


class UpstreamError(GatewayError):
    """A failure of the upstream; the circuit breaker counts it."""

    status = 502


class BrokenResponseError(UpstreamError):
    """The upstream closed the connection before its response was complete."""

    code = "broken_answer"


class BadResponseError(UpstreamError):
    """The response is not valid HTTP/1.1 (RFC 9112)."""

    code = "bad_answer"


class UnreachableError(UpstreamError):
    """The gateway could not connect to the upstream."""

    status = 503
    code = "upstream_unreachable"
    header_names = ("Retry-After",)

    def __init__(self, detail: str) -> None:
        super().__init__(detail, {"Retry-After": "1"})


class ConnectTimeoutError(UnreachableError):
    """The gateway could not connect to the upstream in time."""


class TlsError(UpstreamError):
    """The upstream's certificate is not accepted, or the TLS handshake failed otherwise."""

    code = "upstream_tls_failed"


class TooSlowError(UpstreamError):
    """The upstream did not respond in time."""

    status = 504
    code = "upstream_timeout"


class TotalTimeoutError(TooSlowError):
    """The whole exchange, retries included, took too long."""


class CircuitOpenError(GatewayError):
    """The circuit breaker of the upstream is open after repeated failures."""

    status = 503
    code = "circuit_open"
    header_names = ("Retry-After",)

    def __init__(self, retry_after: float) -> None:
        seconds = max(1, math.ceil(retry_after))
        super().__init__("The upstream failed repeatedly; its circuit is open.", {"Retry-After": str(seconds)})


def from_failure(error: Exception) -> UpstreamError:
    """Return the ``UpstreamError`` for ``error``, which is one or is among ``FAILURES``."""
    if isinstance(error, UpstreamError):
        return error
    if isinstance(error, TimeoutError):
        return TooSlowError("The upstream did not respond in time.")
    if isinstance(error, MalformedError):
        return BadResponseError(f"The upstream's response is malformed: {error}")
    return BrokenResponseError("The upstream closed the connection before its response was complete.")
