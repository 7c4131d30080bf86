"""Logging, set up in the same way by every service."""

import logging
from datetime import date, time
from typing import Any

from pythonjsonlogger import json

from observability import tracing
from observability.actor import current_actor
from observability.request_id import current_request_id


class JsonEncoder(json.JsonEncoder):
    """python-json-logger's encoder, with instants as the API has them: RFC 3339 in UTC with ``Z``."""

    def format_datetime_obj(self, o: time | date) -> str:
        """Return the instant as text."""
        return super().format_datetime_obj(o).replace("+00:00", "Z")


class RequestFilter(logging.Filter):
    """Adds the current request's ``request_id`` and ``actor`` to every record, and while tracing is on its trace."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Return True: every record passes."""
        record.request_id = current_request_id() or "-"
        if actor := current_actor():
            record.actor = actor
        vars(record).update(tracing.current_ids())
        return True


class ConsoleFormatter(logging.Formatter):
    """One line for people: level, logger, message, the data of ``extra`` as name=value, and the request id."""

    _own = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "request_id", "taskName"}

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        """Return the line without a traceback."""
        extra = [f"{name}={on_one_line(value)}" for name, value in vars(record).items() if name not in self._own]
        return " ".join([super().formatMessage(record), *extra, f"[{record.request_id}]"])  # type: ignore[attr-defined]


def on_one_line(value: object) -> str:
    """Return ``value`` as text without line ends and other control characters."""
    text = str(value)
    return text if text.isprintable() else repr(text)


def logging_config(service: str, log_format: str, *, level: str = "INFO") -> dict[str, Any]:
    """Return Django's LOGGING.

    Args:
        service: the name of the service, which every JSON line carries.
        log_format: ``json``, one object a line for machines, or ``console``, columns for people.
        level: the least severe level that is written.
    """
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"request": {"()": RequestFilter}},
        "formatters": {
            "console": {"()": ConsoleFormatter, "format": "%(levelname)-7s %(name)s %(message)s"},
            "json": {
                "()": "pythonjsonlogger.json.JsonFormatter",
                "format": "%(levelname)s %(name)s %(message)s %(request_id)s",
                "rename_fields": {"levelname": "level", "name": "logger"},
                "static_fields": {"service": service},
                "timestamp": True,
                "json_encoder": JsonEncoder,
            },
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "filters": ["request"], "formatter": log_format}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            # A client's mistake is in the access log; Django's own line for it says nothing more.
            "django.request": {"level": "ERROR"},
            "django.security.DisallowedHost": {"level": "CRITICAL"},
            # Its own handler would write every server error a second time.
            "django": {"handlers": [], "propagate": True, "level": level},
            "django.server": {"handlers": ["stderr"], "propagate": False, "level": level},
        },
    }
