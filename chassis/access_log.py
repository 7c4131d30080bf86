"""One line for each answer: what was asked, by whom, what came of it and how long it took."""

import logging
import time
from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from chassis.client_address import client_address

logger = logging.getLogger("access")

# Asked every few seconds by machines.
POLLED_PATHS = ("/health/", "/metrics")


class AccessLogMiddleware:
    """Writes the line; it stands just inside the middleware that gives the request its id.

    The path is logged without the query, which may hold an e-mail address.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer the request."""
        started = time.perf_counter()
        response = self.get_response(request)
        level = logging.DEBUG if request.path.startswith(POLLED_PATHS) else logging.INFO
        if logger.isEnabledFor(level):
            logger.log(
                level,
                "request",
                extra={
                    "method": request.method,
                    "path": request.path,
                    "status": response.status_code,
                    "milliseconds": round((time.perf_counter() - started) * 1000, 1),
                    "client": client_address(request),
                },
            )
        return response
