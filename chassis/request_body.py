"""Request bodies: how large one may be, and how one without a Content-Length is read."""

import io
from collections.abc import Callable, Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from chassis.problems import problem_response

MAX_BODY_BYTES = 1024 * 1024


def with_chunked_bodies(application: WSGIApplication) -> WSGIApplication:
    """Give ``application`` the body of a chunked request, which Django would take for empty.

    Django reads as many bytes as Content-Length says and none without it (PEP 3333). The body is read here, up to
    one byte over ``MAX_BODY_BYTES``, so that a larger one is still seen to be too large.
    """

    def read_chunked(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if "chunked" in environ.get("HTTP_TRANSFER_ENCODING", "").lower() and "CONTENT_LENGTH" not in environ:
            body = environ["wsgi.input"].read(MAX_BODY_BYTES + 1)
            environ["CONTENT_LENGTH"] = str(len(body))
            environ["wsgi.input"] = io.BytesIO(body)
        return application(environ, start_response)

    return read_chunked


class BodyLimitMiddleware:
    """Refuses a body over ``MAX_BODY_BYTES`` with a 413 problem, before anything reads it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer the request, or refuse it."""
        if int(request.META.get("CONTENT_LENGTH") or 0) > MAX_BODY_BYTES:
            detail = f"The body is larger than {MAX_BODY_BYTES} bytes."
            return problem_response(request, 413, "body_too_large", detail)
        return self.get_response(request)
