"""Authentication classes for identities signed by the gateway and for sessions of the admin."""

from typing import Any

from django.conf import settings
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.request import Request

from identity import schema  # noqa: F401 - describes the classes in OpenAPI documents
from identity.callers import STAFF, verified_caller
from identity.exceptions import IdentityRequired
from identity.internal import Caller, InvalidIdentity
from observability.actor import set_actor


class CallerUser:
    """``request.user`` of an authenticated caller, which has no account in this service."""

    is_authenticated = is_active = True
    is_anonymous = is_staff = is_superuser = False

    def __init__(self, caller: Caller) -> None:
        self.caller = caller
        self.pk = self.id = self.username = caller.subject

    def get_username(self) -> str:
        """Return the subject."""
        return self.caller.subject

    def has_perm(self, perm: str, obj: object = None) -> bool:
        """Return False: a caller has scopes, not permissions of Django."""
        return False

    def has_perms(self, perm_list: object, obj: object = None) -> bool:
        """Return False, as ``has_perm`` does."""
        return False

    def has_module_perms(self, app_label: str) -> bool:
        """Return False, as ``has_perm`` does."""
        return False

    def __str__(self) -> str:
        return self.caller.subject


class InternalIdentityAuthentication(BaseAuthentication):
    """Authenticates by ``X-Internal-Identity``: ``request.auth`` is the ``Caller``, ``request.user`` a CallerUser."""

    def authenticate(self, request: Request) -> tuple[Any, Caller] | None:
        """Return the user and the caller; None without the header.

        Raises:
            IdentityRequired: the header is not a valid identity for this service.
        """
        token = request.META.get("HTTP_X_INTERNAL_IDENTITY")
        if token is None:
            return None
        try:
            caller = verified_caller(token)
        except InvalidIdentity as error:
            raise IdentityRequired from error
        set_actor(caller.subject)
        return CallerUser(caller), caller

    def authenticate_header(self, request: Request) -> str:
        """Return the challenge of a 401, for clients of the gateway."""
        return f'Bearer realm="{settings.SERVICE_NAME}"'


class StaffSessionAuthentication(SessionAuthentication):
    """Authenticates staff by the session of the admin, with CSRF tokens, for the browsable API."""

    def authenticate(self, request: Request) -> tuple[Any, None] | None:
        """Return the user; None without a session of a staff user."""
        authenticated = super().authenticate(request)
        if authenticated is None or not authenticated[0].is_staff:
            return None
        set_actor(f"{STAFF}{authenticated[0].pk}")
        return authenticated[0], None
