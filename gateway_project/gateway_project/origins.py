"""The setting ALLOWED_ORIGINS."""

import re

from django.core.exceptions import ImproperlyConfigured

from chassis.environment import env


def origins(name: str) -> frozenset[str]:
    """Return the web origins in the variable ``name``, divided by commas; none by default.

    Raises:
        ImproperlyConfigured: one is not a scheme, a host and, if it is not the scheme's own, a port.
    """
    found = frozenset(origin.lower() for origin in env.list(name, default=[]))
    for origin in found:
        if not re.fullmatch(r"https?://[^/?#@*\s]+", origin):
            raise ImproperlyConfigured(f'{name}: "{origin}" is not an origin such as "https://shop.example.com".')
    return found
