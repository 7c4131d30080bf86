"""The configuration in force: the last one that was good.

gunicorn's main process reads it before it starts workers and again on SIGHUP; the workers inherit it. Where there
is no such process (``manage.py``), it is read at first use.
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
    """The configuration in force, and what was wrong with a newer one that was refused."""

    configuration: Configuration
    read_at: datetime
    refused: str = ""


_current: Current | None = None


def current() -> Current:
    """Return what is in force; read it when nothing was read yet.

    Raises:
        ConfigurationError: it was not read yet and cannot be used.
    """
    return _current or load()


def file() -> Path:
    """Return the routes file: that of ``GATEWAY_CONFIG``, else ``gateway.toml`` of the project."""
    return Path(os.environ.get("GATEWAY_CONFIG") or _DEFAULT_FILE)


def load() -> Current:
    """Read the file and put it in force.

    Raises:
        ConfigurationError: it cannot be used; what was in force stays so.
    """
    global _current  # noqa: PLW0603 -- one configuration is in force in a process
    _current = Current(read(file()), datetime.now(tz=UTC))
    return _current


def reload() -> str:
    """Read the file again; return what is wrong with it, or an empty text when it is now in force."""
    try:
        load()
    except ConfigurationError as error:
        current().refused = str(error)
        return str(error)
    return ""
