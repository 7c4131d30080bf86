"""Verification of access tokens: JSON Web Tokens of the configured issuers (RFC 7519, 8725 and 9068)."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import jwt
from jwt.types import Options

from proxy.authentication.claims import caller_of
from proxy.authentication.errors import InvalidTokenError
from proxy.authentication.key_set import KeySet
from proxy.authentication.keys import Key
from proxy.authentication.policy import Issuer
from proxy.authentication.principal import Principal

LEEWAY = 30  # seconds of clock skew
MAX_CHARACTERS = 8192

_REQUIRED = ["exp", "iss", "aud", "sub"]
_UNREAD: Options = {"verify_signature": False}
_PLAIN_TYPES = (None, "jwt", "at+jwt")  # if the issuer's ``token_type`` is empty
_COMPACT = re.compile(r"[\w-]+\.[\w-]+\.[\w-]+", re.ASCII)  # without the padding that PyJWT accepts (RFC 7515)
_FAILURES = (jwt.PyJWTError, ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError)
_DETAILS: Sequence[tuple[type[Exception], str]] = (
    (jwt.ExpiredSignatureError, "The token is expired."),
    (jwt.ImmatureSignatureError, "The token is not valid yet."),
    (jwt.InvalidAudienceError, "The token is for another audience."),
    (jwt.MissingRequiredClaimError, "The token lacks one of the claims exp, iss, aud and sub."),
    (jwt.InvalidSignatureError, "The signature of the token is not valid."),
)


class TokenVerifier:
    """Verifies tokens of ``issuers`` with each issuer's own keys."""

    def __init__(self, issuers: Sequence[Issuer], key_sets: Mapping[str, KeySet]) -> None:
        self._issuers = {issuer.issuer: issuer for issuer in issuers}
        self._key_sets = key_sets

    def verify(self, token: str) -> Principal:
        """Return the sender of ``token``.

        Raises:
            InvalidTokenError: the token is not valid.
            KeysUnavailableError: the keys of its issuer have not been fetched yet.
        """
        if len(token) > MAX_CHARACTERS:
            raise InvalidTokenError("The token is too long.")
        if not _COMPACT.fullmatch(token):
            raise InvalidTokenError("The token is malformed.")
        try:
            return self._verify(token)
        except _FAILURES as error:
            detail = next((text for kind, text in _DETAILS if isinstance(error, kind)), "The token is malformed.")
            raise InvalidTokenError(detail) from error

    def _verify(self, token: str) -> Principal:
        unverified = jwt.decode_complete(token, options=_UNREAD)
        issuer = self._issuers.get(unverified["payload"].get("iss", ""))
        if issuer is None:
            raise InvalidTokenError("The issuer of the token is unknown.")
        key = self._key(unverified["header"], issuer)
        claims = jwt.decode(
            token,
            key.public,
            algorithms=issuer.algorithms,
            audience=issuer.audience,
            issuer=issuer.issuer,
            leeway=LEEWAY,
            options={"require": _REQUIRED},
        )
        expires_at = claims["exp"]
        if isinstance(expires_at, bool) or not isinstance(expires_at, (int, float)):
            raise InvalidTokenError("The expiration of the token is not a number.")
        return Principal(caller_of(claims, issuer), issuer.issuer, float(expires_at))

    def _key(self, header: Mapping[str, Any], issuer: Issuer) -> Key:
        """Return the key of ``kid``; ``jku``, ``jwk``, ``x5u`` and ``x5c`` in ``header`` are ignored."""
        if "crit" in header or "cty" in header or not _is_of_type(header.get("typ"), issuer.token_type):
            raise InvalidTokenError("The token is not of an accepted type.")
        algorithm, kid = header.get("alg"), header.get("kid")
        if algorithm not in issuer.algorithms:
            raise InvalidTokenError("The algorithm of the token is not accepted.")
        if not isinstance(kid, str) or not (key := self._key_sets[issuer.issuer].find(kid, algorithm)):
            raise InvalidTokenError("The key of the token is unknown.")
        return key


def _is_of_type(typ: object, expected: str) -> bool:
    """Return whether ``typ`` is ``expected``, with or without ``application/`` (RFC 7515, section 4.1.9)."""
    found = typ.lower().removeprefix("application/") if isinstance(typ, str) else typ
    return found == expected.lower() if expected else found in _PLAIN_TYPES
