"""Sign-ins to the admins."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from chassis.problems import problem_response


def locked_out(request: HttpRequest, credentials: dict[str, Any]) -> HttpResponse:
    """Answer a sign-in after too many that failed (django-axes' ``AXES_LOCKOUT_CALLABLE``)."""
    seconds = int(settings.AXES_COOLOFF_TIME.total_seconds())
    detail = "Too many sign-ins have failed; try again later."
    return problem_response(request, 429, "locked_out", detail, {"Retry-After": str(seconds)})
