"""Which host names a service answers to."""

from http import HTTPStatus

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.common import CommonMiddleware

from chassis.service_token import OPEN_PATHS


class HostMiddleware(CommonMiddleware):
    """Django's CommonMiddleware, which refuses every host but ``settings.ALLOWED_HOSTS``, with one exception.

    Prometheus and many supervisors ask each container at its address, which no setting can know. The responses to them
    hold no link that the host would lead astray.
    """

    def process_request(self, request: HttpRequest) -> HttpResponseBase | None:  # type: ignore[override]
        """Refuse the request, redirect it, or let it through (None)."""
        if request.path.startswith(OPEN_PATHS):
            return None
        return super().process_request(request)

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Set ``Content-Length``; that of a 304 would have to be the one of its 200 response."""
        if response.status_code == HTTPStatus.NOT_MODIFIED:
            return response
        return super().process_response(request, response)
