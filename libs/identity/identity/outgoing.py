"""The identity of this service in calls to other services."""

import time
from functools import lru_cache

from django.conf import settings

from identity.internal import HEADER, LIFETIME, Caller, sign

_REUSED_SECONDS = LIFETIME // 2


def identity_headers(service: str, *, reads: str) -> dict[str, str]:
    """Return the header for calls to ``service`` that read the resource ``reads``; empty without ``AUTH``."""
    if not settings.AUTH:
        return {}
    period = int(time.time()) // _REUSED_SECONDS
    return {HEADER: _signed(settings.SERVICE_NAME, service, reads, settings.SERVICE_TOKENS[0], period)}


@lru_cache(maxsize=64)
def _signed(own_name: str, service: str, reads: str, service_token: str, period: int) -> str:
    caller = Caller(f"service:{own_name}", scopes=frozenset({f"{reads}:read"}))
    return sign(caller, audience=service, service_token=service_token, issued_at=period * _REUSED_SECONDS)
