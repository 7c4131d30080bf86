"""API keys, ``gk_ID_SECRET``. Only their hashes are stored."""

import hashlib
import re
import secrets
from collections.abc import Iterable

from identity.internal import Caller
from proxy.authentication.errors import InvalidTokenError
from proxy.authentication.policy import ApiKey
from proxy.authentication.principal import Principal

PREFIX = "gk_"
_FORMAT = re.compile(rf"{PREFIX}([a-z0-9-]+)_[A-Za-z0-9_-]{{43}}")  # 256 bits in base64url


class ApiKeys:
    """The API keys of the gateway."""

    def __init__(self, keys: Iterable[ApiKey]) -> None:
        self._known = {key.id: (key.sha256, _principal(key)) for key in keys}

    def verify(self, text: str) -> Principal:
        """Return the owner of the key ``text``.

        Raises:
            InvalidTokenError: the key is unknown or malformed.
        """
        found = _FORMAT.fullmatch(text)
        expected, principal = self._known.get(found[1], ("", None)) if found else ("", None)
        if principal is None or not secrets.compare_digest(hashlib.sha256(text.encode()).hexdigest(), expected):
            raise InvalidTokenError("The API key is not valid.")
        return principal


def _principal(key: ApiKey) -> Principal:
    caller = Caller(f"key:{key.id}", key.user_id, key.scopes, key_id=key.id)
    return Principal(caller, rate_limit=key.rate_limit)
