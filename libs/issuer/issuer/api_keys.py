"""API keys, ``gk_ID_SECRET``. The gateway's configuration holds their SHA-256."""

import hashlib
import re
import secrets
import tomllib
from collections.abc import Sequence
from pathlib import Path

_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


class KeyRefusedError(Exception):
    """The key cannot be created; the message has the reason."""


def make_key(key_id: str) -> str:
    """Return a new key with 256 random bits.

    Raises:
        KeyRefusedError: ``key_id`` is malformed.
    """
    if not _ID.fullmatch(key_id):
        raise KeyRefusedError(
            f'"{key_id}" is not a valid key id: lower-case letters, digits, and hyphens between them.'
        )
    return f"gk_{key_id}_{secrets.token_urlsafe(32)}"


def store(
    file: Path, key_id: str, key: str, *, scopes: Sequence[str], rate_limit: str | None, user_id: int | None
) -> None:
    """Append the hash of ``key`` to the routes file of the gateway, as a table ``[[auth.keys]]``.

    Raises:
        KeyRefusedError: a key with this id exists.
    """
    text = file.read_text() if file.exists() else ""
    if key_id in (each["id"] for each in tomllib.loads(text).get("auth", {}).get("keys", [])):
        raise KeyRefusedError(f'{file.name} has a key "{key_id}" already.')
    listed = ", ".join(f'"{scope}"' for scope in scopes)
    lines = ["[[auth.keys]]", f'id = "{key_id}"', f'sha256 = "{sha256(key)}"', f"scopes = [{listed}]"]
    lines += [f'rate_limit = "{rate_limit}"'] if rate_limit else []
    lines += [] if user_id is None else [f"user_id = {user_id}"]
    file.parent.mkdir(exist_ok=True)
    file.write_text(f"{text.rstrip()}\n\n".lstrip() + "\n".join(lines) + "\n")


def sha256(key: str) -> str:
    """Return the hash that the gateway stores, in hexadecimal digits."""
    return hashlib.sha256(key.encode()).hexdigest()
