"""The answer where the application has none: to a request that cannot be read, and when it fails itself."""

import logging
from socket import socket
from typing import Literal

from chassis.http1.fields import format_fields

logger = logging.getLogger(__name__)

_CODES = {
    400: "malformed_request",
    408: "request_timeout",
    414: "target_too_long",
    431: "headers_too_large",
    500: "internal_error",
    501: "unknown_transfer_coding",
    505: "unknown_version",
}


def refuse(client: socket, status: int, detail: str) -> Literal[False]:
    """Send a problem that ends the connection; where the next request would begin is not known."""
    # Imported here, as gunicorn's main process loads this module before gevent patches the standard library.
    from django.http import HttpRequest

    from chassis.problems import problem_response
    from chassis.request_id import HEADER, bound_request_id, choose_request_id

    with bound_request_id(choose_request_id(None)) as request_id:
        logger.warning("request refused", extra={"status": status, "detail": detail})
        response = problem_response(HttpRequest(), status, _CODES[status], detail)
    response[HEADER] = request_id
    response["Content-Length"] = str(len(response.content))
    response["Connection"] = "close"
    head = f"HTTP/1.1 {status} {response.reason_phrase}\r\n{format_fields(list(response.items()))}\r\n"
    client.sendall(head.encode("latin-1") + response.content)
    return False
