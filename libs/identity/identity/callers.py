"""The caller of a request."""

import hashlib
import logging
import time
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from django.conf import settings

from identity.internal import Caller, InvalidIdentity, read

logger = logging.getLogger(__name__)

STAFF = "staff:"  # the prefix of the subject of a staff user
MAX_NAME_LENGTH = 255

# Verifying a signature is expensive, and a caller sends the same identity until it expires.
_read = lru_cache(maxsize=1024)(read)


def verified_caller(token: str) -> Caller:
    """Verify ``token`` and return its caller.

    Raises:
        InvalidIdentity: the token is malformed, expired, for another service, or not signed with a service token's key.
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
    if not caller.subject or caller.subject.startswith(STAFF):  # reserved for staff users
        raise InvalidIdentity("The subject is not that of a caller.")
    return caller


def caller_of(request: Any) -> Caller | None:
    """Return the authenticated caller; None if there is none, as for the session of an admin."""
    auth = getattr(request, "auth", None)
    return auth if isinstance(auth, Caller) else None


def is_staff(request: Any) -> bool:
    """Whether the request is authenticated by the session of a staff user."""
    return bool(getattr(getattr(request, "user", None), "is_staff", False))


def subject_of(request: Any) -> str:
    """Return the subject of the caller, or ``staff:ID`` of a staff user; "" without ``AUTH``."""
    if not settings.AUTH:
        return ""
    if caller := caller_of(request):
        return caller.subject
    return f"{STAFF}{request.user.pk}" if is_staff(request) else ""


def name_of_caller(request: Any) -> str:
    """Return ``subject_of`` encoded as at most 255 visible ASCII characters, without spaces.

    A user of another authentication class, with or without ``AUTH``, is ``%user:ID``, which is no encoded subject.
    """
    name = quote(subject_of(request), safe="!\"#$&'()*+,/:;<=>?@[\\]^`{|}")
    user = getattr(request, "user", None)
    if not name and not caller_of(request) and getattr(user, "is_authenticated", False):
        name = f"%user:{quote(str(user.pk), safe='')}"  # type: ignore[union-attr] # it is authenticated
    return name if len(name) <= MAX_NAME_LENGTH else f"%sha256:{hashlib.sha256(name.encode()).hexdigest()}"
