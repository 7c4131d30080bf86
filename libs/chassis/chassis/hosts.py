"""Validation of the ``Host`` header."""

from http import HTTPStatus

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.common import CommonMiddleware

from chassis.service_token import OPEN_PATHS


class HostMiddleware(CommonMiddleware):
    """Django's CommonMiddleware, which refuses hosts not in ``settings.ALLOWED_HOSTS``, except on ``OPEN_PATHS``.

    Prometheus and many supervisors send requests to the IP address of a container, which is not known in advance. The
    responses contain no links, so a forged host does no harm.
    """

    def process_request(self, request: HttpRequest) -> HttpResponseBase | None:  # type: ignore[override]
        """Refuse or redirect the request, or return None to pass it on."""
        if OPEN_PATHS.match(request.path):
            return None
        return super().process_request(request)

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Set ``Content-Length``, except in a 304, where it must be that of the 200 (RFC 9110, section 8.6)."""
        if response.status_code == HTTPStatus.NOT_MODIFIED:
            return response
        return super().process_response(request, response)
