"""Error responses of the server itself: malformed requests, timeouts and failures of the application."""

import time
from collections.abc import Callable
from socket import socket
from typing import Literal

from http1.fields import Fields, format_fields
from http1.response_writer import http_date

# Returns the reason phrase, header fields and body for a status, a snake_case code and a detail message.
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
    """Send an error response with ``Connection: close``.

    The connection cannot be reused, because the start of the next request is unknown.

    Args:
        client: the client's socket.
        status: the response status.
        detail: one sentence that describes the error.
        render: renders the response.
        omits_body: True for a HEAD request (RFC 9110, section 9.3.2).

    Returns:
        False: the connection cannot carry another request.
    """
    reason, fields, content = render(status, _CODES[status], detail)
    date = http_date(int(time.time()))  # RFC 9110, section 6.6.1
    fields = [*fields, ("Content-Length", str(len(content))), ("Date", date), ("Connection", "close")]
    head = f"HTTP/1.1 {status} {reason}\r\n{format_fields(fields)}\r\n"
    client.sendall(head.encode("latin-1") + (b"" if omits_body else content))
    return False
