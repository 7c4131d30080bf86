"""A shared secret in the requests between services, so that only the gateway and the services can call a service."""

import re
import secrets
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from problems.responses import problem_response
from problems.types import ProblemType

HEADER = "X-Service-Token"

SERVICE_TOKEN_REQUIRED = ProblemType(401, "service_token_required", "A valid service token is missing.")

# Open to supervisors, load balancers and Prometheus without a token. The responses have no data of users.
OPEN_PATHS = re.compile(r"/health/|/metrics\Z")


class ServiceTokenMiddleware:
    """Refuses requests without one of ``settings.SERVICE_TOKENS``; accepts all requests if the setting is empty.

    During a rotation two tokens are accepted. The service itself sends the first one.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Handle the request, or refuse it with 401."""
        is_open = not settings.SERVICE_TOKENS or OPEN_PATHS.match(request.path)
        if not is_open and not has_service_token(request):
            headers = {"WWW-Authenticate": "ServiceToken"}
            return problem_response(request, *SERVICE_TOKEN_REQUIRED, headers)
        return self.get_response(request)


def has_service_token(request: HttpRequest) -> bool:
    """Whether the request has one of ``settings.SERVICE_TOKENS``."""
    sent = request.META.get("HTTP_X_SERVICE_TOKEN", "").encode(errors="surrogateescape")
    # Compares with all tokens, in constant time, so that the time reveals nothing about them.
    return any([secrets.compare_digest(sent, token.encode()) for token in settings.SERVICE_TOKENS])  # noqa: C419


def outgoing_headers() -> dict[str, str]:
    """Return the header with the service token, for requests to other services."""
    return {HEADER: settings.SERVICE_TOKENS[0]} if settings.SERVICE_TOKENS else {}
