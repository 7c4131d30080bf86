"""The logging configuration of all services."""

import logging
from datetime import date, time
from typing import Any

from pythonjsonlogger import json
from pythonjsonlogger.core import RESERVED_ATTRS

from observability import tracing
from observability.actor import current_actor
from observability.request_id import current_request_id

# Exceptions of Django for requests that a client made wrong: a 400, which the access log records.
MALFORMED_REQUESTS = "DisallowedHost RequestDataTooBig SuspiciousMultipartForm TooManyFieldsSent TooManyFilesSent"


class JsonEncoder(json.JsonEncoder):
    """python-json-logger's encoder with UTC datetimes in the format of the API: RFC 3339 with ``Z``."""

    def format_datetime_obj(self, o: time | date) -> str:
        """Format a datetime, date or time."""
        return super().format_datetime_obj(o).replace("+00:00", "Z")


class RequestFilter(logging.Filter):
    """Adds ``request_id`` and ``actor`` of the current request to log records, and trace ids if tracing is on."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Add the attributes; return True to keep the record."""
        record.request_id = current_request_id() or "-"
        if actor := current_actor():
            record.actor = actor
        vars(record).update(tracing.current_ids())
        return True


class UnexpectedErrorFilter(logging.Filter):
    """Passes the records of exceptions; a 5xx response that a view returns is in the access log."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether the record has a traceback."""
        return bool(record.exc_info)


class ConsoleFormatter(logging.Formatter):
    """Formats one line of text: level, logger, message, ``extra`` as name=value, and the request id."""

    _own = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "request", "request_id", "taskName"}

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        """Format the line without the traceback."""
        extra = [f"{name}={on_one_line(value)}" for name, value in vars(record).items() if name not in self._own]
        return " ".join([super().formatMessage(record), *extra, f"[{record.request_id}]"])  # type: ignore[attr-defined]


def on_one_line(value: object) -> str:
    """Return ``value`` as text; use its repr if it contains line breaks or other control characters."""
    text = str(value)
    return text if text.isprintable() else repr(text)


def logging_config(service: str, log_format: str, *, level: str = "INFO") -> dict[str, Any]:
    """Return a value for Django's LOGGING setting.

    Args:
        service: the service name in JSON lines.
        log_format: ``json`` (one JSON object per line) or ``console`` (text columns).
        level: the minimum level.
    """
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {
            "production": {"()": "django.utils.log.RequireDebugFalse"},
            "request": {"()": RequestFilter},
            "unexpected": {"()": UnexpectedErrorFilter},
        },
        "formatters": {
            "console": {"()": ConsoleFormatter, "format": "%(levelname)-7s %(name)s %(message)s"},
            "json": {
                "()": "pythonjsonlogger.json.JsonFormatter",
                "format": "%(levelname)s %(name)s %(message)s %(request_id)s",
                "rename_fields": {"levelname": "level", "name": "logger"},
                "static_fields": {"service": service},
                "timestamp": True,
                "json_encoder": JsonEncoder,
                # Django's errors carry the request, whose query may hold personal data.
                "reserved_attrs": [*RESERVED_ATTRS, "request"],
            },
        },
        "handlers": {
            "stderr": {"class": "logging.StreamHandler", "filters": ["request"], "formatter": log_format},
            "mail_admins": {
                "class": "django.utils.log.AdminEmailHandler",  # sends nothing without ADMINS
                "filters": ["production"],
                "level": "ERROR",
            },
        },
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            # The access log already records error responses; what is logged here are exceptions.
            "django.request": {"level": "ERROR", "filters": ["unexpected"]},
            **{f"django.security.{name}": {"level": "CRITICAL"} for name in MALFORMED_REQUESTS.split()},
            # Without Django's handler of the console, which would write every server error twice.
            "django": {"handlers": ["mail_admins"], "propagate": True, "level": level},
            "django.server": {"handlers": ["stderr"], "propagate": False, "level": level},
        },
    }
