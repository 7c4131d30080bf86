"""The active configuration: the last valid one.

gunicorn's main process reads it before it starts workers and again on SIGHUP; the workers inherit it. Under
``manage.py`` it is read at first use.
"""

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from proxy.configuration import Configuration, ConfigurationError, read

__all__ = ["ConfigurationError", "Current", "current", "file", "load", "reload"]

_DEFAULT_FILE = Path(__file__).resolve().parent.parent / "gateway.toml"


@dataclass
class Current:
    """The active configuration, and the error of a newer one that was rejected."""

    configuration: Configuration
    read_at: datetime
    refused: str = ""


_current: Current | None = None


def current() -> Current:
    """Return the active configuration; read the file at the first call.

    Raises:
        ConfigurationError: the file was not read before and is invalid.
    """
    return _current or load()


def file() -> Path:
    """Return the routes file: that of ``GATEWAY_CONFIG``, else ``gateway.toml`` of the project."""
    return Path(os.environ.get("GATEWAY_CONFIG") or _DEFAULT_FILE)


def load() -> Current:
    """Read the file and activate it.

    Raises:
        ConfigurationError: the file is invalid; the active configuration is kept.
    """
    global _current  # noqa: PLW0603 -- one active configuration per process
    _current = Current(read(file()), datetime.now(tz=UTC))
    return _current


def reload() -> str:
    """Read the file again; return its error, or an empty string if it is now active."""
    try:
        load()
    except ConfigurationError as error:
        current().refused = str(error)
        return str(error)
    return ""
