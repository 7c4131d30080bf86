"""Public keys for verifying tokens, from a JSON Web Key Set (RFC 7517)."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from jwt import PyJWK, PyJWTError

KeyId = tuple[str, str]  # ``kid`` and ``alg`` of a token

_CURVES = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521", "EdDSA": "Ed25519"}
_MIN_RSA_DIGITS = 342  # of the modulus in base64url: 2048 bits


class UnusableKeySetError(Exception):
    """The content is not a key set, or has no usable key; the message has the reason."""


@dataclass(frozen=True)
class Key:
    """A public key for one algorithm."""

    content: str
    public: PyJWK = field(compare=False, repr=False)


def parse_key_set(content: bytes, algorithms: Iterable[str]) -> dict[KeyId, Key]:
    """Return the keys of a JWKS for ``algorithms``; others are ignored (RFC 7517, section 5).

    Private keys, keys without ``kid`` or for encryption, and RSA keys below 2048 bits are ignored, too.

    Raises:
        UnusableKeySetError: ``content`` is malformed, or has no usable key.
    """
    try:
        entries = json.loads(content)["keys"]
        found = [entry for entry in entries if isinstance(entry, dict)]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise UnusableKeySetError("it is not a JSON Web Key Set") from error
    keys: dict[KeyId, Key] = {}
    for entry in found:
        for algorithm in algorithms:
            if _fits(entry, algorithm) and (key := _key(entry, algorithm)):
                keys.setdefault((entry["kid"], algorithm), key)
    if not keys:
        raise UnusableKeySetError(f"it has no usable public key for {', '.join(algorithms)}")
    return keys


def _fits(entry: Mapping[str, Any], algorithm: str) -> bool:
    if not isinstance(entry.get("kid"), str) or "d" in entry:
        return False
    if entry.get("use", "sig") != "sig" or entry.get("alg", algorithm) != algorithm:
        return False
    if curve := _CURVES.get(algorithm):
        return entry.get("kty") in ("EC", "OKP") and entry.get("crv") == curve
    return entry.get("kty") == "RSA" and len(str(entry.get("n"))) >= _MIN_RSA_DIGITS


def _key(entry: Mapping[str, Any], algorithm: str) -> Key | None:
    try:
        return Key(json.dumps(entry, sort_keys=True), PyJWK(dict(entry), algorithm))
    except (PyJWTError, ValueError, TypeError, KeyError):
        return None
