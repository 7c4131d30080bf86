"""Middleware of services with ``AUTH``."""

import contextlib
from collections.abc import Callable

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse

from identity.callers import STAFF
from observability.actor import set_actor


class StaffActorMiddleware:
    """Sets the signed-in user as the actor of requests to the admin. It must come after AuthenticationMiddleware."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Set the actor. For callers of the API, the authentication classes set it."""
        if request.path.startswith("/admin/"):
            with contextlib.suppress(DatabaseError):  # the view reports it
                if request.user.is_authenticated:
                    set_actor(f"{STAFF}{request.user.pk}")
        return self.get_response(request)
