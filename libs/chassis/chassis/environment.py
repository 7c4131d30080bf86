"""Settings that every service reads from the environment. An empty variable counts as unset.

A value that is not valid raises ``ImproperlyConfigured`` with the name of its variable.
"""

import contextlib
import os
import re
import secrets
from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, NoReturn

import environ
from django.core.exceptions import ImproperlyConfigured

env = environ.Env()

LOOPBACK_HOSTS = ["localhost", "127.0.0.1", "[::1]"]

FLAGS = dict.fromkeys(("true", "on", "yes", "y", "1"), True) | dict.fromkeys(("false", "off", "no", "n", "0"), False)
MOST_SECONDS = 31_536_000  # a year
# PostgreSQL's units of time in milliseconds, and its longest timeout.
UNITS = {"us": 0.001, "ms": 1, "s": 1000, "min": 60_000, "h": 3_600_000, "d": 86_400_000}
MOST_MILLISECONDS = 2**31 - 1


def text(name: str, default: str = "") -> str:
    """Return the variable ``name``."""
    return os.environ.get(name, "").strip() or default


def flag(name: str, *, default: bool = False) -> bool:
    """Return the variable ``name``, which is true or false (on or off, yes or no, 1 or 0)."""
    value = text(name, str(default)).lower()
    return FLAGS[value] if value in FLAGS else _refuse(name, "true or false")


def choice(name: str, choices: Sequence[str], default: str) -> str:
    """Return the variable ``name``, which is one of ``choices`` in upper or lower case."""
    found = {each.lower(): each for each in choices}.get(text(name, default).lower())
    return found or _refuse(name, f"one of {', '.join(choices)}")


def count(name: str, *, default: int) -> int:
    """Return the variable ``name``, a whole number of at least 1."""
    value = text(name, str(default))
    is_valid = re.fullmatch("[0-9]{1,9}", value) and int(value) > 0
    return int(value) if is_valid else _refuse(name, "a whole number of at least 1")


def seconds(name: str, *, default: float, may_be_zero: bool = False) -> float:
    """Return the variable ``name``, a number of seconds without a unit."""
    value = text(name, str(default))
    if (
        re.fullmatch(r"[0-9]{1,9}(\.[0-9]+)?", value)
        and float(value) <= MOST_SECONDS
        and (may_be_zero or float(value))
    ):
        return float(value)
    least = "0 or more, at" if may_be_zero else "more than 0 and at"
    return _refuse(name, f"a number of seconds without a unit, {least} most {MOST_SECONDS:,}")


def statement_timeout(name: str, *, default: str) -> str:
    """Return the variable ``name``, a limit of statements in PostgreSQL's units, such as ``250ms``; 0 is none."""
    value = text(name, default)
    found = re.fullmatch(rf"([0-9]{{1,10}}(?:\.[0-9]+)?)({'|'.join(UNITS)})?", value)
    if found and float(found[1]) * UNITS[found[2] or "ms"] <= MOST_MILLISECONDS:
        return value
    return _refuse(name, f"a duration of PostgreSQL such as 250ms or 10s (units: {', '.join(UNITS)}), or 0")


def _refuse(name: str, requirement: str) -> NoReturn:
    raise ImproperlyConfigured(f"{name} is {os.environ[name]!r}; it must be {requirement}.")


def log_format() -> str:
    """Return ``LOG_FORMAT``: ``json``, or ``console``, which is the default with ``DEBUG``."""
    return choice("LOG_FORMAT", ("json", "console"), default="console" if flag("DEBUG") else "json")


def log_level() -> str:
    """Return ``LOG_LEVEL``."""
    return choice("LOG_LEVEL", ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"), default="INFO")


def secret(name: str) -> str:
    """Return the secret ``name`` from the file ``{name}_FILE`` if that is set, else from the variable, else "".

    A file keeps the secret out of the environment, which `docker inspect` and crash reports show. Surrounding white
    space is removed, such as a newline at the end of the file.

    Raises:
        ImproperlyConfigured: the file cannot be read.
    """
    if file := os.environ.get(f"{name}_FILE"):
        try:
            return Path(file).read_text().strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ImproperlyConfigured(f"{name}_FILE cannot be read: {error}") from error
    return os.environ.get(name, "")


def service_tokens() -> list[str]:
    """Return the tokens in the ``secret`` SERVICE_TOKEN, separated by commas. Outgoing requests have the first one.

    Raises:
        ImproperlyConfigured: a token is not valid in a header.
    """
    tokens = [token for part in secret("SERVICE_TOKEN").split(",") if (token := part.strip())]
    if not all(re.fullmatch("[!-~]+", token) for token in tokens):
        raise ImproperlyConfigured("SERVICE_TOKEN must be visible ASCII characters, and commas between tokens.")
    return tokens


def trusted_proxies() -> tuple[IPv4Network | IPv6Network, ...]:
    """Return the networks in TRUSTED_PROXIES, separated by commas: ``10.213.81.0/28,192.0.2.7``; none by default.

    Raises:
        ImproperlyConfigured: an entry is neither an address nor a network.
    """
    try:
        return tuple(ip_network(network) for network in env.list("TRUSTED_PROXIES", default=[]))
    except ValueError as error:
        raise ImproperlyConfigured(f"TRUSTED_PROXIES: {error}") from error


def secret_key(service: str) -> str:
    """Return Django's SECRET_KEY for ``service``.

    It is the ``secret`` SECRET_KEY; else the content of ``$DATA_DIR/SERVICE_secret_key``, a file that the first
    process creates with mode 600; else, with ``DEBUG`` on, a random key for each process.

    Raises:
        ImproperlyConfigured: SECRET_KEY and DATA_DIR are not set, and DEBUG is off.
    """
    if key := secret("SECRET_KEY"):
        return key
    if data_dir := text("DATA_DIR"):
        return _stored_key(Path(data_dir) / f"{service}_secret_key")
    if flag("DEBUG"):
        return secrets.token_urlsafe(50)
    raise ImproperlyConfigured(
        "SECRET_KEY is required: set it, or SECRET_KEY_FILE, or DATA_DIR (a folder to keep a generated one in), "
        "or DEBUG=true."
    )


def _stored_key(path: Path) -> str:
    # A link to a complete temporary file: concurrent processes never read a part of the key.
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile("w", dir=path.parent) as draft:  # has mode 600
            draft.write(secrets.token_urlsafe(50))
            draft.flush()
            with contextlib.suppress(FileExistsError):  # another process has created the key
                os.link(draft.name, path)
    return path.read_text()


def database(default_name: str) -> dict[str, Any]:
    """Return the entry of Django's ``DATABASES`` for the service's PostgreSQL database.

    ``DATABASE_URL`` takes precedence over ``DB_HOST`` (localhost), ``DB_PORT`` (5432), ``DB_NAME`` (``default_name``),
    ``DB_USER`` and ``DB_PASSWORD`` (the defaults of libpq). The URL and the password are ``secret``s.

    Raises:
        ImproperlyConfigured: ``DATABASE_URL`` is not a PostgreSQL URL.
    """
    if url := secret("DATABASE_URL"):
        try:
            settings: dict[str, Any] = env.db_url_config(url) if "://" in url else {}
        except ValueError:  # of the port
            settings = {}
    else:
        settings = {
            "ENGINE": "django.db.backends.postgresql",
            "HOST": text("DB_HOST", "localhost"),
            "PORT": text("DB_PORT", "5432"),
            "NAME": text("DB_NAME", default_name),
            "USER": text("DB_USER"),
            "PASSWORD": secret("DB_PASSWORD"),
        }
    if settings.get("ENGINE") != "django.db.backends.postgresql":
        raise ImproperlyConfigured("DATABASE_URL must be a PostgreSQL URL: postgresql://user:password@host:port/name")
    # A thread keeps its connection, which is checked before each request.
    settings |= {"CONN_MAX_AGE": None, "CONN_HEALTH_CHECKS": True}
    # With a pooler in transaction mode, cursors of one transaction do not exist in the session of the next.
    settings["DISABLE_SERVER_SIDE_CURSORS"] = flag("DB_POOLER")
    timeout = statement_timeout("DB_STATEMENT_TIMEOUT", default="0")
    # PostgreSQL ends the transaction of a frozen process before the lock of its idempotency key expires.
    limits = f"-c statement_timeout={timeout} -c lock_timeout=3s -c idle_in_transaction_session_timeout=20s"
    # A connection to a lost host fails after 15 s, as in a failover; TCP alone would retransmit for 15 minutes.
    lost_host = {"tcp_user_timeout": 15_000, "keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 5}
    settings["OPTIONS"] = {"connect_timeout": 5, "options": limits} | lost_host | settings.get("OPTIONS", {})
    return settings
