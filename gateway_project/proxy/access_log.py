"""The access log: one line for each answer, in columns for people or as a JSON object.

It is written past the ``logging`` module, which would cost three times as much (docs/adr/0011).
"""

import json
import sys
import time

from django.conf import settings

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
        client: the client's address.
        request_id: the request's.
    """
    if not settings.ACCESS_LOG or path.startswith(_POLLED):
        return
    entry = {
        "method": method,
        "path": path,
        "status": int(status),
        "bytes": size,
        "milliseconds": round(seconds * 1000, 1),
        "client": client,
        "request_id": request_id,
    }
    line = json.dumps({**_head(), **entry}) if settings.LOG_FORMAT == "json" else _COLUMNS % entry
    sys.stderr.write(f"{line}\n")  # whole lines, of which each is one write


def _head() -> dict[str, str]:
    now = time.time()
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now))
    return {
        "timestamp": f"{stamp}.{int(now % 1 * 1000):03d}Z",
        "level": "INFO",
        "logger": "access",
        "message": "request",
    }
