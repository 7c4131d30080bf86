"""Django's error views and ``read_only``, which respond with problems."""

from collections.abc import Callable
from functools import wraps

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from problems.responses import problem_response
from problems.types import BAD_REQUEST, CSRF_FAILED, INTERNAL_ERROR, NOT_FOUND, PERMISSION_DENIED


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Return a 400 problem (Django's ``handler400``)."""
    return problem_response(request, *BAD_REQUEST)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Return a 403 problem (Django's ``handler403``)."""
    return problem_response(request, *PERMISSION_DENIED)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Return a 403 problem for a missing or invalid CSRF token (Django's ``CSRF_FAILURE_VIEW``)."""
    return problem_response(request, *CSRF_FAILED._replace(detail=reason or CSRF_FAILED.detail))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Return a 404 problem (Django's ``handler404``)."""
    return problem_response(request, *NOT_FOUND)


def server_error(request: HttpRequest) -> HttpResponse:
    """Return a 500 problem (Django's ``handler500``). The log has the cause under the request id."""
    return problem_response(request, *INTERNAL_ERROR)


def read_only(view: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Decorate a view for programs: GET and HEAD only; a 405 problem for other methods, without a CSRF check."""

    @wraps(view)
    def respond(request: HttpRequest) -> HttpResponse:
        if request.method in ("GET", "HEAD"):
            return view(request)
        detail = f'Method "{request.method}" not allowed.'
        return problem_response(request, 405, "method_not_allowed", detail, {"Allow": "GET, HEAD"})

    return csrf_exempt(respond)
