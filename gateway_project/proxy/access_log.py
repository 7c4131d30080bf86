"""The access log: one line for each answer."""

import json
import logging
import time
from typing import Any

logger = logging.getLogger("gateway.access")


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


_COLUMNS = "%(method)s %(target)s %(status)s %(bytes)d B %(milliseconds).1f ms %(client)s [%(request_id)s]"


def log(
    *, method: str, target: str, status: str, size: int, seconds: float, client: str, request_id: str
) -> None:
    """Note one answer; ``size`` is that of its body in bytes, ``seconds`` runs until its last byte was sent."""
    if logger.isEnabledFor(logging.INFO):
        entry = {
            "method": method,
            "target": target,
            "status": int(status),
            "bytes": size,
            "milliseconds": round(seconds * 1000, 1),
            "client": client,
            "request_id": request_id,
        }
        logger.info("request", extra={"entry": entry})
