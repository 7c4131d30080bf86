"""The access log: one line for each answer."""

import json
import logging
import time
from typing import Any

logger = logging.getLogger("access")


class AccessFormatter(logging.Formatter):
    """Formats the entries that ``log`` makes: columns for people, or one JSON object a line.

    The formatter of the other logs takes any record and costs six times as much, which counts here (docs/adr/0011).
    """

    def __init__(self, log_format: str) -> None:
        super().__init__()
        self._is_json = log_format == "json"

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        entry: dict[str, Any] = record.entry  # type: ignore[attr-defined] # log() puts it there
        if not self._is_json:
            return _COLUMNS % entry
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        head = {
            "timestamp": f"{stamp}.{int(record.msecs):03d}Z",
            "level": record.levelname,
            "logger": record.name,
        }
        return json.dumps({**head, "message": record.msg, **entry})


_POLLED = "/health"  # asked every few seconds by machines
_COLUMNS = "%(method)s %(path)s %(status)s %(bytes)d B %(milliseconds).1f ms %(client)s [%(request_id)s]"


def log(
    *, method: str, path: str, status: str, size: int, seconds: float, client: str, request_id: str
) -> None:
    """Note one answer.

    Args:
        method: the request's.
        path: as received, without the query, which may hold what is nobody's business.
        status: three digits.
        size: of the answer's body, in bytes.
        seconds: until the last byte was sent.
        client: the peer's address.
        request_id: the request's.
    """
    level = logging.DEBUG if path.startswith(_POLLED) else logging.INFO
    if logger.isEnabledFor(level):
        entry = {
            "method": method,
            "path": path,
            "status": int(status),
            "bytes": size,
            "milliseconds": round(seconds * 1000, 1),
            "client": client,
            "request_id": request_id,
        }
        logger.log(level, "request", extra={"entry": entry})
