"""What can keep a request from being answered by its upstream. The view turns each into a problem."""

import math

from http1.fields import MalformedError
from http1.stream import EndOfStreamError

FAILURES = (EndOfStreamError, MalformedError, OSError)  # how a connection to an upstream fails


class GatewayError(Exception):
    """The message is for the client."""

    status: int
    code: str

    def __init__(self, detail: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.headers = headers or {}


class CrossSiteError(GatewayError):
    """A browser sends the request from another site."""

    status = 403
    code = "cross_site_request"


class NoRouteError(GatewayError):
    """No route has the path."""

    status = 404
    code = "no_route"


class MethodNotAllowedError(GatewayError):
    """The route does not take the method."""

    status = 405
    code = "method_not_allowed"


class MalformedBodyError(GatewayError):
    """The client's body is malformed, or ended early."""

    status = 400
    code = "malformed_body"


class ClientTooSlowError(GatewayError):
    """The client's body does not come."""

    status = 408
    code = "request_timeout"


class BodyTooLargeError(GatewayError):
    """The client's body is larger than the route allows."""

    status = 413
    code = "body_too_large"


class BufferFullError(GatewayError):
    """The client's body cannot be buffered."""

    status = 503
    code = "request_buffer_full"

    def __init__(self, detail: str) -> None:
        super().__init__(detail, {"Retry-After": "1"})


class TooManyRequestsError(GatewayError):
    """The client has used up its rate limit."""

    status = 429
    code = "too_many_requests"


class TooManyTunnelsError(GatewayError):
    """The upstream has as many tunnels as it may have."""

    status = 503
    code = "too_many_tunnels"

    def __init__(self) -> None:
        super().__init__("The upstream has no room for another WebSocket.", {"Retry-After": "5"})


class UpstreamError(GatewayError):
    """The upstream is to blame: counts against it."""

    status = 502


class BrokenResponseError(UpstreamError):
    """The connection ended before the answer did."""

    code = "broken_answer"


class BadResponseError(UpstreamError):
    """The answer is not HTTP as RFC 9112 has it."""

    code = "bad_answer"


class UnreachableError(UpstreamError):
    """No connection could be made."""

    status = 503
    code = "upstream_unreachable"

    def __init__(self, detail: str) -> None:
        super().__init__(detail, {"Retry-After": "1"})


class ConnectTimeoutError(UnreachableError):
    """No connection could be made in time."""


class TlsError(UpstreamError):
    """The upstream's certificate is refused, or no TLS version or cipher fits."""

    code = "upstream_tls_failed"


class TooSlowError(UpstreamError):
    """The answer did not come in time."""

    status = 504
    code = "upstream_timeout"


class TotalTimeoutError(TooSlowError):
    """The whole exchange, retries included, took too long."""


class CircuitOpenError(GatewayError):
    """The upstream failed so often that it is left alone for a while."""

    status = 503
    code = "circuit_open"

    def __init__(self, retry_after: float) -> None:
        seconds = max(1, math.ceil(retry_after))
        super().__init__("The upstream has failed repeatedly and rests.", {"Retry-After": str(seconds)})


def from_failure(error: Exception) -> UpstreamError:
    """Return what it means that an upstream's connection failed with ``error``, one of ``FAILURES``."""
    if isinstance(error, TimeoutError):
        return TooSlowError("The upstream did not answer in time.")
    if isinstance(error, MalformedError):
        return BadResponseError(f"The upstream's answer is malformed: {error}")
    return BrokenResponseError("The upstream closed the connection before its answer was complete.")
