"""The caller according to the claims of a verified token."""

import re
from collections.abc import Mapping
from typing import Any

from identity.internal import Caller
from proxy.authentication.errors import InvalidTokenError
from proxy.authentication.policy import Issuer

_UNSTORABLE = re.compile("[\0\ud800-\udfff]")  # NUL and surrogates
_RESERVED = ("key:", "service:", "staff:")  # subjects of API keys, services and sessions
_HIGHEST_ID = 2**63 - 1  # of PostgreSQL's bigint


def caller_of(claims: Mapping[str, Any], issuer: Issuer) -> Caller:
    """Return the caller of a token.

    Raises:
        InvalidTokenError: the subject is empty or reserved, or PostgreSQL cannot store it.
    """
    subject = claims["sub"]
    if not subject or _UNSTORABLE.search(subject) or subject.startswith(_RESERVED):
        raise InvalidTokenError("The subject of the token is not acceptable.")
    return Caller(
        subject=subject,
        user_id=_user_id(next((claims[name] for name in issuer.user_claims if name in claims), None)),
        scopes=frozenset().union(*(_words(claims.get(name)) for name in issuer.scope_claims)),
        client=next((claims[name] for name in ("client_id", "azp") if isinstance(claims.get(name), str)), ""),
    )


def _user_id(value: object) -> int | None:
    """Return ``value`` as a whole number, also if it is a string of digits; None for other values."""
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str) or not re.fullmatch("0|[1-9][0-9]{0,18}", text) or int(text) > _HIGHEST_ID:
        return None
    return int(text)


def _words(value: object) -> list[str]:
    """Return the words of a space-separated string, or the strings of a list."""
    if isinstance(value, str):
        return value.split()
    return [word for word in value if isinstance(word, str)] if isinstance(value, list) else []
