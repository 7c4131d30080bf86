"""The caller of a request, and what it may do."""

import hashlib
import logging
import time
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from django.conf import settings

from identity.internal import Caller, InvalidIdentity, read

logger = logging.getLogger(__name__)

STAFF = "staff:"  # begins the subject of a session
MAX_NAME_LENGTH = 255

# Verifying a signature takes some 40 microseconds; a caller repeats its identity for as long as it counts.
_read = lru_cache(maxsize=1024)(read)


def verified_caller(token: str) -> Caller:
    """Return the caller whom ``token`` names to this service.

    Raises:
        InvalidIdentity: it is malformed, expired, for another service, or not signed with a service token's key.
    """
    try:
        return _verified(token)
    except InvalidIdentity as error:
        logger.warning("identity refused", extra={"reason": str(error)})
        raise


def _verified(token: str) -> Caller:
    caller, expires_at = _read(token, settings.SERVICE_NAME, tuple(settings.SERVICE_TOKENS))
    if expires_at <= time.time():
        raise InvalidIdentity("The token has expired.")
    if not caller.subject or caller.subject.startswith(STAFF):  # it has keys and events of its own
        raise InvalidIdentity("The subject is no caller's.")
    return caller


def caller_of(request: Any) -> Caller | None:
    """Return the authenticated caller; None if there is none, as for the session of an admin."""
    auth = getattr(request, "auth", None)
    return auth if isinstance(auth, Caller) else None


def is_staff(request: Any) -> bool:
    """Whether the request is of a signed-in member of the staff."""
    return bool(getattr(getattr(request, "user", None), "is_staff", False))


def subject_of(request: Any) -> str:
    """Return the subject of the caller, or ``staff:ID`` of staff; an empty text without ``AUTH``."""
    if not settings.AUTH:
        return ""
    if caller := caller_of(request):
        return caller.subject
    return f"{STAFF}{request.user.pk}" if is_staff(request) else ""


def name_of_caller(request: Any) -> str:
    """Return a name of the caller without spaces, at most 255 visible ASCII characters; empty as ``subject_of``."""
    name = quote(subject_of(request), safe="!\"#$&'()*+,/:;<=>?@[\\]^`{|}")
    return name if len(name) <= MAX_NAME_LENGTH else f"%sha256:{hashlib.sha256(name.encode()).hexdigest()}"
