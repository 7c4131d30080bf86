"""Views for other services only."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from identity.callers import verified_caller
from identity.exceptions import IdentityRequired, InsufficientScope
from identity.internal import InvalidIdentity
from observability.actor import set_actor
from problems.responses import problem_response

View = Callable[..., HttpResponse]


def for_services(scope: str) -> Callable[[View], View]:
    """Decorate a Django view: with ``AUTH`` it accepts only services that act for themselves and have ``scope``."""

    def decorate(view: View) -> View:
        @wraps(view)
        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            return _refusal(request, scope) or view(request, *args, **kwargs)

        return checked

    return decorate


def _refusal(request: HttpRequest, scope: str) -> HttpResponse | None:
    if not settings.AUTH:
        return None
    try:
        caller = verified_caller(request.META.get("HTTP_X_INTERNAL_IDENTITY", ""))
    except InvalidIdentity:
        error = IdentityRequired
        headers = {"WWW-Authenticate": f'Bearer realm="{settings.SERVICE_NAME}"'}
        return problem_response(request, error.status_code, error.default_code, error.default_detail, headers)
    set_actor(caller.subject)
    if not caller.is_service or scope not in caller.scopes:
        refused = InsufficientScope(scope)
        headers = {"WWW-Authenticate": refused.auth_header}
        return problem_response(request, refused.status_code, refused.default_code, str(refused.detail), headers)
    return None
