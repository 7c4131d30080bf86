"""The response where the application has none: to a request that cannot be read, and when the application fails."""

from collections.abc import Callable
from socket import socket
from typing import Literal

from http1.fields import Fields, format_fields

# Returns reason phrase, fields and body for a status, a snake_case code and a sentence of detail.
Render = Callable[[int, str, str], tuple[str, Fields, bytes]]

_CODES = {
    400: "malformed_request",
    408: "request_timeout",
    414: "target_too_long",
    431: "headers_too_large",
    500: "internal_error",
    501: "unknown_transfer_coding",
    503: "overloaded",
    505: "unknown_version",
}


def refuse(client: socket, status: int, detail: str, render: Render, *, omits_body: bool = False) -> Literal[False]:
    """Send the response that ``render`` makes and end the connection, as the next request's start is not known.

    Args:
        client: the client's socket.
        status: the status of the response.
        detail: one sentence for the person who reads it.
        render: makes the response.
        omits_body: the request is a HEAD (RFC 9110, section 9.3.2).

    Returns:
        False: the connection cannot carry another request.
    """
    reason, fields, content = render(status, _CODES[status], detail)
    fields = [*fields, ("Content-Length", str(len(content))), ("Connection", "close")]
    head = f"HTTP/1.1 {status} {reason}\r\n{format_fields(fields)}\r\n"
    client.sendall(head.encode("latin-1") + (b"" if omits_body else content))
    return False
