"""The setting ALLOWED_ORIGINS."""

import re

from django.core.exceptions import ImproperlyConfigured

from chassis.environment import env


def origins(name: str) -> frozenset[str]:
    """Return the comma-separated web origins in the environment variable ``name``; none by default.

    Raises:
        ImproperlyConfigured: an item is not a scheme, a host and an optional port.
    """
    found = frozenset(origin.lower() for origin in env.list(name, default=[]))
    for origin in found:
        if not re.fullmatch(r"https?://[^/?#@*\s]+", origin):
            raise ImproperlyConfigured(f'{name}: "{origin}" is not an origin such as "https://shop.example.com".')
    return found
