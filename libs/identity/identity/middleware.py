"""Middleware of services with ``AUTH``."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from observability.actor import set_actor


class StaffActorMiddleware:
    """Names the signed-in account as the actor of a request to the admin; it stands below AuthenticationMiddleware."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Note the account. Callers of the API are noted by REST framework's authentication."""
        if request.path.startswith("/admin/") and request.user.is_authenticated:
            set_actor(f"staff:{request.user.pk}")
        return self.get_response(request)
