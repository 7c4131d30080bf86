"""The access log of a service."""

import time
from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from chassis.client_address import client_address
from observability import access_log
from observability.polled import is_polled
from observability.request_id import current_request_id

NOT_LOGGED = "chassis.access_log.not_logged"  # a view sets it in a request's META to skip the access line


class AccessLogMiddleware:
    """Writes an access line for each request. It must come after RequestIdMiddleware."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Handle the request."""
        started = time.perf_counter()
        response = self.get_response(request)
        if not (is_polled(request.path) or NOT_LOGGED in request.META):
            access_log.log(
                method=request.method or "",
                path=request.path,
                status=response.status_code,
                size=int(response.get("Content-Length", "0")),
                seconds=time.perf_counter() - started,
                client=client_address(request),
                request_id=current_request_id(),
            )
        return response
