"""Settings that are read from the environment in the same way by every service."""

import contextlib
import os
import re
import secrets
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

env = environ.Env()

LOOPBACK_HOSTS = ["localhost", "127.0.0.1", "[::1]"]


def secret(name: str) -> str:
    """Return the secret ``name``: the content of the file that ``{name}_FILE`` names, else the variable, else "".

    A file keeps it out of the environment, which `docker inspect` and crash reports show. White space around it, such
    as the line end that editors add, is no part of it.

    Raises:
        ImproperlyConfigured: the file is named and cannot be read.
    """
    if file := os.environ.get(f"{name}_FILE"):
        try:
            return Path(file).read_text().strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ImproperlyConfigured(f"{name}_FILE cannot be read: {error}") from error
    return os.environ.get(name, "")


def service_tokens() -> list[str]:
    """Return the tokens in the ``secret`` SERVICE_TOKEN, divided by commas; the first is the one to show to others.

    Raises:
        ImproperlyConfigured: one holds what a header field cannot.
    """
    tokens = [token for part in secret("SERVICE_TOKEN").split(",") if (token := part.strip())]
    if not all(re.fullmatch("[!-~]+", token) for token in tokens):
        raise ImproperlyConfigured("SERVICE_TOKEN must be visible ASCII characters, and commas between tokens.")
    return tokens


def trusted_proxies() -> tuple[IPv4Network | IPv6Network, ...]:
    """Return the networks in TRUSTED_PROXIES, divided by commas: ``10.213.81.0/28,192.0.2.7``; none by default.

    Raises:
        ImproperlyConfigured: one is no address and no network.
    """
    try:
        return tuple(ip_network(network) for network in env.list("TRUSTED_PROXIES", default=[]))
    except ValueError as error:
        raise ImproperlyConfigured(f"TRUSTED_PROXIES: {error}") from error


def secret_key(service: str) -> str:
    """Return Django's SECRET_KEY for ``service``.

    It is the ``secret`` SECRET_KEY where that is set; else the content of ``$DATA_DIR/SERVICE_secret_key``, a file
    that the first process to ask creates with mode 600; else, with ``DEBUG`` on, a key that lives as long as the
    process.

    Raises:
        ImproperlyConfigured: none of the three is there.
    """
    if key := secret("SECRET_KEY"):
        return key
    if data_dir := env.str("DATA_DIR", default=""):
        return _stored_key(Path(data_dir) / f"{service}_secret_key")
    if env.bool("DEBUG", default=False):
        return secrets.token_urlsafe(50)
    raise ImproperlyConfigured(
        "SECRET_KEY is required: set it, or SECRET_KEY_FILE, or DATA_DIR (a folder to keep a generated one in), "
        "or DEBUG=true."
    )


def _stored_key(path: Path) -> str:
    # Written whole under another name first: a process that starts at the same moment sees all of it or nothing.
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile("w", dir=path.parent) as draft:  # has mode 600
            draft.write(secrets.token_urlsafe(50))
            draft.flush()
            with contextlib.suppress(FileExistsError):  # another process was first, and its key counts
                os.link(draft.name, path)
    return path.read_text()


def database(default_name: str) -> dict[str, Any]:
    """Return Django's description of the service's PostgreSQL database.

    ``DATABASE_URL`` wins; without it ``DB_HOST`` (localhost), ``DB_PORT`` (5432), ``DB_NAME`` (``default_name``),
    ``DB_USER`` and ``DB_PASSWORD`` (the defaults of libpq) describe it. The URL and the password are ``secret``s.

    Raises:
        ImproperlyConfigured: ``DATABASE_URL`` is not a PostgreSQL URL.
    """
    if url := secret("DATABASE_URL"):
        settings: dict[str, Any] = env.db_url_config(url)
    else:
        settings = {
            "ENGINE": "django.db.backends.postgresql",
            "HOST": env.str("DB_HOST", default="localhost"),
            "PORT": env.str("DB_PORT", default="5432"),
            "NAME": env.str("DB_NAME", default=default_name),
            "USER": env.str("DB_USER", default=""),
            "PASSWORD": secret("DB_PASSWORD"),
        }
    if settings["ENGINE"] != "django.db.backends.postgresql":
        raise ImproperlyConfigured("DATABASE_URL must be a PostgreSQL URL: postgresql://user:password@host:port/name")
    # Seconds. A connection is kept for the life of its thread and checked before each request uses it.
    settings |= {"CONN_MAX_AGE": None, "CONN_HEALTH_CHECKS": True}
    # A pooler in transaction mode gives each transaction another session, which has no cursors of earlier ones.
    settings["DISABLE_SERVER_SIDE_CURSORS"] = env.bool("DB_POOLER", default=False)
    timeout = env.str("DB_STATEMENT_TIMEOUT", default="0")
    # A process that is frozen in a transaction loses it, and the locks with it, before an idempotency key's lock ends.
    limits = f"-c statement_timeout={timeout} -c lock_timeout=3s -c idle_in_transaction_session_timeout=20s"
    settings["OPTIONS"] = {"connect_timeout": 5, "options": limits} | settings.get("OPTIONS", {})
    return settings
