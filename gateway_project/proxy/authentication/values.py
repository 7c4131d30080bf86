"""Convert and validate values of ``[auth]`` and scopes of routes; each function raises ValueError with the reason."""

import re
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from http1.fields import TOKEN
from proxy import values

ALGORITHMS = frozenset({"ES256", "ES384", "ES512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "EdDSA"})
DEFAULT = "default"  # the scopes of all other methods
_SCOPE = re.compile(r"[\x21\x23-\x5B\x5D-\x7E]+")  # RFC 6749, section 3.3
_KEY_ID = re.compile(r"[a-z0-9-]+")
_SHA256 = re.compile(r"[0-9a-f]{64}")


def filled(value: object) -> str:
    """Return a string that is not empty."""
    found = values.text(value)
    if not found.strip():
        raise ValueError("must not be empty")
    return found


def names(value: object) -> tuple[str, ...]:
    """Return a list of at least one string."""
    return tuple(values.texts(value))


def algorithms(value: object) -> tuple[str, ...]:
    """Return a list of signature algorithms (RFC 7518) with a public key."""
    found = names(value)
    for name in found:
        if name.lower() == "none" or name.upper().startswith("HS"):
            raise ValueError(f'"{name}" is not accepted: every verifier of such a token could forge it')
        if name not in ALGORITHMS:
            raise ValueError(f'"{name}" is not one of {", ".join(sorted(ALGORITHMS))}')
    return found


def jwks(folder: Path, value: object) -> str:
    """Return the URL of a key set, or the path of its file, relative to ``folder``."""
    found = filled(value)
    parts = urlsplit(found)
    if not parts.scheme:
        return str(folder / found)
    if parts.scheme not in ("https", "http") or not parts.hostname or parts.username is not None or parts.port == 0:
        raise ValueError(f'"{found}" is neither a URL such as "https://id.example.com/jwks" nor a file')
    if parts.scheme == "http" and not _is_loopback(parts.hostname):
        raise ValueError(f'"{found}" must be https: without TLS, keys can be replaced in transit')
    return found


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def key_id(value: object) -> str:
    """Return the id of an API key."""
    found = values.text(value)
    if not _KEY_ID.fullmatch(found):
        raise ValueError(f'"{found}" must consist of lower-case letters, digits and "-"')
    return found


def sha256(value: object) -> str:
    """Return a SHA-256 hash in hexadecimal."""
    found = values.text(value).lower()
    if not _SHA256.fullmatch(found):
        raise ValueError("must be a SHA-256 hash: 64 hexadecimal digits")
    return found


def scope_list(value: object) -> frozenset[str]:
    """Return a list of scopes, which may be empty."""
    return frozenset().union(*map(_scopes, names(value))) if value != [] else frozenset()


def scopes_by_method(value: object) -> dict[str, frozenset[str]]:
    """Return the required scopes by method; ``default`` applies to all other methods."""
    if not isinstance(value, dict) or not value:
        raise ValueError('must be a table such as { GET = "orders:read", default = "orders:write" }')
    if names := [name for name in value if name != "default"]:
        values.methods(names)
    return {method: _scopes(scopes) for method, scopes in value.items()}


def _scopes(value: object) -> frozenset[str]:
    found = values.text(value).split(" ")
    if not all(map(_SCOPE.fullmatch, found)):
        raise ValueError(f'"{value}" is not a scope such as "orders:read", or several separated by a space')
    return frozenset(found)


def cookie_name(value: object) -> str:
    """Return the name of a cookie."""
    found = values.text(value)
    if not re.fullmatch(TOKEN, found):
        raise ValueError(f'"{found}" is not the name of a cookie')
    return found
