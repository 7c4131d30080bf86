"""Parsing of RFC 3339 date-times."""

import re
from datetime import UTC, datetime

# RFC 3339, section 5.6, without leap seconds, which Python's datetime does not have.
_DATETIME = re.compile(
    r"\d{4}-\d\d-\d\dT([01]\d|2[0-3]):\d\d:\d\d(\.\d+)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)", re.ASCII | re.IGNORECASE
)
INVALID_DATETIME = "Must be a date-time of RFC 3339, such as 2026-01-31T12:00:00Z."


def parse_utc_datetime(text: object) -> datetime:
    """Return the UTC datetime of an RFC 3339 date-time.

    Raises:
        ValueError: the text is not an RFC 3339 date-time, or is out of range in UTC.
    """
    if not isinstance(text, str) or not _DATETIME.fullmatch(text):
        raise ValueError(INVALID_DATETIME)
    try:
        return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except OverflowError as error:
        raise ValueError(INVALID_DATETIME) from error
