"""The limits of request bodies."""

from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from problems.responses import problem_response
from problems.types import ProblemType

MAX_BODY_BYTES = 1024 * 1024

LENGTH_REQUIRED = ProblemType(411, "length_required", "A chunked body is not supported here; send Content-Length.")
BODY_TOO_LARGE = ProblemType(413, "body_too_large", f"The body is larger than {MAX_BODY_BYTES} bytes.")


class BodyLimitMiddleware:
    """Refuses a body over ``MAX_BODY_BYTES`` with a 413 problem, before it is read.

    A chunked body is a 411 problem, unless the server passes on its length: Django would read it as empty.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Handle the request, or refuse it."""
        length = request.META.get("CONTENT_LENGTH")
        if not length and "HTTP_TRANSFER_ENCODING" in request.META:
            return problem_response(request, *LENGTH_REQUIRED)
        if int(length or 0) > MAX_BODY_BYTES:
            return problem_response(request, *BODY_TOO_LARGE)
        return self.get_response(request)
