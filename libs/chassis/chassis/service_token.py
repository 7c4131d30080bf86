"""A secret that services show each other, so that nothing but the gateway and its peers can call them."""

import secrets
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from problems.responses import problem_response
from problems.types import ProblemType

HEADER = "X-Service-Token"

SERVICE_TOKEN_REQUIRED = ProblemType(401, "service_token_required", "A valid service token is missing.")

# What supervisors, load balancers and Prometheus ask without a token; it tells nothing about users and orders.
OPEN_PATHS = ("/health/", "/metrics")


class ServiceTokenMiddleware:
    """Refuses requests without one of ``settings.SERVICE_TOKENS``; lets everything through where there is none.

    During a rotation two tokens are accepted: the first is the one that this service itself sends.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer the request, or refuse it with 401."""
        is_open = not settings.SERVICE_TOKENS or request.path.startswith(OPEN_PATHS)
        if not is_open and not has_service_token(request):
            headers = {"WWW-Authenticate": "ServiceToken"}
            return problem_response(request, *SERVICE_TOKEN_REQUIRED, headers)
        return self.get_response(request)


def has_service_token(request: HttpRequest) -> bool:
    """Whether the request shows one of ``settings.SERVICE_TOKENS``."""
    shown = request.META.get("HTTP_X_SERVICE_TOKEN", "").encode(errors="surrogateescape")
    # Each is compared in constant time, and all of them, so that the time does not tell which one was near.
    return any([secrets.compare_digest(shown, token.encode()) for token in settings.SERVICE_TOKENS])  # noqa: C419


def outgoing_headers() -> dict[str, str]:
    """Return the header that a call to another service shows."""
    return {HEADER: settings.SERVICE_TOKENS[0]} if settings.SERVICE_TOKENS else {}
