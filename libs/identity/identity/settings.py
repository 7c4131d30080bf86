"""Settings for ``AUTH=true``; without it, services do not authenticate callers."""

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

# For REST_FRAMEWORK. The session of an admin is used only if the request has no identity header.
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
        ImproperlyConfigured: ``AUTH`` is on, but there is no service token to derive the signing key from.
    """
    if ENABLED and not service_tokens:
        raise ImproperlyConfigured("AUTH=true requires SERVICE_TOKEN, which signs the identities of callers.")
    return {"AUTH": ENABLED}
