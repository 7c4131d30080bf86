"""The size limit of request bodies."""

from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from problems.responses import problem_response
from problems.types import ProblemType

MAX_BODY_BYTES = 1024 * 1024

BODY_TOO_LARGE = ProblemType(413, "body_too_large", f"The body is larger than {MAX_BODY_BYTES} bytes.")


class BodyLimitMiddleware:
    """Refuses a body over ``MAX_BODY_BYTES`` with a 413 problem, before it is read."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Handle the request, or refuse it."""
        if int(request.META.get("CONTENT_LENGTH") or 0) > MAX_BODY_BYTES:
            return problem_response(request, *BODY_TOO_LARGE)
        return self.get_response(request)
