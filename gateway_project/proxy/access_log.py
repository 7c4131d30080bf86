"""The access log: one line for each answer, in columns for people or as a JSON object.

It is written past the ``logging`` module, which would cost three times as much (docs/adr/0011).
"""

import json
import sys
import time
from functools import lru_cache

from django.conf import settings

_POLLED = "/health"  # asked every few seconds by machines
_quoted = json.JSONEncoder().encode  # of a text


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
    milliseconds = f"{seconds * 1000:.1f}"
    if settings.LOG_FORMAT == "json":
        now = time.time()
        line = (
            f'{{"timestamp": "{_whole_second(int(now))}.{int(now % 1 * 1000):03d}Z", "level": "INFO",'
            f' "logger": "access", "message": "request", "method": {_quoted(method)}, "path": {_quoted(path)},'
            f' "status": {status}, "bytes": {size}, "milliseconds": {milliseconds}, "client": {_quoted(client)},'
            f' "request_id": {_quoted(request_id)}}}'
        )
    else:
        line = f"{method} {path} {status} {size} B {milliseconds} ms {client} [{request_id}]"
    sys.stderr.write(f"{line}\n")  # whole lines, of which each is one write


@lru_cache(maxsize=1)
def _whole_second(now: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now))
