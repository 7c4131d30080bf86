"""The active configuration: the last valid one.

gunicorn's main process reads the routes file before it starts workers, and again on SIGHUP; the workers inherit the
result. Under ``manage.py`` the file is read at first use.
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
    """The active configuration, and the error of the last reload if the file was invalid."""

    configuration: Configuration
    read_at: datetime
    refused: str = ""


_current: Current | None = None


def current() -> Current:
    """Return the active configuration; the first call reads the file.

    Raises:
        ConfigurationError: the file was not read before and is invalid.
    """
    return _current or load()


def file() -> Path:
    """Return the path of the routes file: ``GATEWAY_CONFIG``, or else the project's ``gateway.toml``."""
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
    """Reload the file; return its error, or an empty string if it is valid and now active."""
    try:
        load()
    except ConfigurationError as error:
        current().refused = str(error)
        return str(error)
    return ""
