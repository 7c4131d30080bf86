"""The signed identity of a caller, from the gateway to a service: a JSON Web Token (RFC 7519), signed with HS256."""

import hashlib
import hmac
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import jwt

HEADER = "X-Internal-Identity"
LIFETIME = 60  # seconds
LEEWAY = 5  # seconds of difference between the clocks of two machines
TYPE = "internal+jwt"
_ALGORITHM = "HS256"
_PURPOSE = b"internal identity 1"


class InvalidIdentity(Exception):  # noqa: N818 - named for the state
    """The token is not a valid identity for this service."""


@dataclass(frozen=True)
class Caller:
    """The authenticated sender of a request.

    Args:
        subject: ``sub`` of its token, or ``key:ID`` of its API key, or ``service:NAME``.
        user_id: id of its user in the user service; None if the caller is not a user.
        scopes: its permissions, for example ``orders:read``.
        client: ``client_id`` or ``azp`` of its token; empty if there is none.
        key_id: id of its API key; empty without one.
    """

    subject: str
    user_id: int | None = None
    scopes: frozenset[str] = frozenset()
    client: str = ""
    key_id: str = ""

    @property
    def is_service(self) -> bool:
        """Whether the caller is a service that acts for itself. The gateway refuses tokens with such a subject."""
        return self.subject.startswith("service:")


def sign(caller: Caller, *, audience: str, service_token: str, issued_at: float | None = None) -> str:
    """Return a token of ``caller`` for the service ``audience``, such as ``user``, valid for ``LIFETIME`` seconds."""
    now = int(time.time() if issued_at is None else issued_at)
    claims = {
        "aud": audience,
        "iat": now,
        "exp": now + LIFETIME,
        "sub": caller.subject,
        "user_id": caller.user_id,
        "scopes": sorted(caller.scopes),
        "client": caller.client,
        "key_id": caller.key_id,
    }
    return jwt.encode(claims, _signing_key(service_token), _ALGORITHM, {"typ": TYPE})


def verify(token: str, *, audience: str, service_tokens: Iterable[str]) -> Caller:
    """Verify ``token`` with the keys of all ``service_tokens``, and return its caller.

    Raises:
        InvalidIdentity: the token is malformed, expired, for another service, or signed with another key.
    """
    return read(token, audience, service_tokens)[0]


def read(token: str, audience: str, service_tokens: Iterable[str]) -> tuple[Caller, float]:
    """Verify ``token``; return its caller and the time (of ``time.time``) at which it expires.

    Raises:
        InvalidIdentity: as ``verify``.
    """
    for service_token in service_tokens:
        try:
            return _read(token, audience, _signing_key(service_token))
        except jwt.InvalidSignatureError:
            continue
        except (jwt.PyJWTError, KeyError, TypeError, ValueError) as error:
            raise InvalidIdentity(str(error)) from error
    raise InvalidIdentity("The signature is not valid.")


def _read(token: str, audience: str, key: bytes) -> tuple[Caller, float]:
    options: Any = {"require": ["aud", "iat", "exp", "sub"]}
    found = jwt.decode_complete(token, key, [_ALGORITHM], audience=audience, leeway=LEEWAY, options=options)
    if found["header"].get("typ") != TYPE:
        raise InvalidIdentity("The type of the token is not that of an internal identity.")
    claims = found["payload"]
    scopes = frozenset(claims["scopes"])
    caller = Caller(claims["sub"], claims["user_id"], scopes, claims["client"], claims["key_id"])
    return caller, claims["exp"] + LEEWAY


def _signing_key(service_token: str) -> bytes:
    """Derive the signing key from a service token. The token itself is not used as a key."""
    return hmac.digest(service_token.encode(), _PURPOSE, hashlib.sha256)
