"""Settings of a service that ``AUTH=true`` adds; without it, services authenticate no caller."""

import os
from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ImproperlyConfigured

_CHOICES = {"true": True, "false": False, "": False}


def _is_enabled() -> bool:
    choice = os.environ.get("AUTH", "false")
    if choice.lower() not in _CHOICES:
        raise ImproperlyConfigured(f"AUTH must be true or false, not {choice!r}.")
    return _CHOICES[choice.lower()]


ENABLED = _is_enabled()

# For REST_FRAMEWORK. A caller comes first: the session of an admin counts only where no caller is named.
AUTHENTICATION_CLASSES = (
    ["identity.authentication.InternalIdentityAuthentication", "identity.authentication.StaffSessionAuthentication"]
    if ENABLED
    else []
)
PERMISSION_CLASSES = ["identity.permissions.HasScope" if ENABLED else "rest_framework.permissions.AllowAny"]

AUTHENTICATION_MIDDLEWARE = [
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    *(["identity.middleware.StaffActorMiddleware"] if ENABLED else []),
]


def identity_settings(service_tokens: Sequence[str]) -> dict[str, Any]:
    """Return the settings of a service that depend on ``AUTH``.

    Raises:
        ImproperlyConfigured: there is no service token, whose key signs identities.
    """
    if ENABLED and not service_tokens:
        raise ImproperlyConfigured("AUTH=true requires SERVICE_TOKEN, which signs the identities of callers.")
    return {"AUTH": ENABLED}
