"""The access log: one line per response, as text columns or as a JSON object.

It bypasses the ``logging`` module, which would cost three times as much CPU (docs/adr/0011). ``ACCESS_LOG=false``
disables it.
"""

import json
import sys
import time
from collections.abc import Mapping
from functools import lru_cache

from django.conf import settings

from observability import tracing
from observability.actor import current_actor
from observability.logs import on_one_line

_NO_SENDER: Mapping[str, str] = {}
_quoted = json.JSONEncoder().encode


def log(  # noqa: PLR0913 - one argument per field
    *,
    method: str,
    path: str,
    status: int,
    size: int,
    seconds: float,
    client: str,
    request_id: str,
    replica: str = "",
    sender: Mapping[str, str] = _NO_SENDER,
) -> None:
    """Write one line to the access log.

    Args:
        method: the request method.
        path: the path without the query, which may contain personal data.
        status: the response status.
        size: the size of the response body, in bytes.
        seconds: the duration from the request's head to the end of the response.
        client: the client's address.
        request_id: the request id.
        replica: ``host:port`` of the upstream server whose response the gateway forwarded.
        sender: fields about the authenticated caller, such as ``subject``.
    """
    if not settings.ACCESS_LOG:
        return
    if actor := current_actor():
        sender = {"actor": actor, **sender}
    milliseconds = f"{seconds * 1000:.1f}"
    ids = tracing.current_ids()  # empty if tracing is off
    if settings.LOG_FORMAT == "json":
        now = time.time()
        last = f', "replica": {_quoted(replica)}' if replica else ""
        last += "".join([f', "{name}": {_quoted(value)}' for name, value in sender.items()])
        if ids:
            last += "".join([f', "{name}": "{value}"' for name, value in ids.items()])
        line = (
            f'{{"timestamp": "{_whole_second(int(now))}.{int(now % 1 * 1000):03d}Z", "level": "INFO",'
            f' "logger": "access", "service": "{settings.SERVICE_NAME}", "message": "request",'
            f' "method": {_quoted(method)}, "path": {_quoted(path)}, "status": {status}, "bytes": {size},'
            f' "milliseconds": {milliseconds}, "client": {_quoted(client)},'
            f' "request_id": {_quoted(request_id)}{last}}}'
        )
    else:
        last = "".join([f" {name}={on_one_line(value)}" for name, value in (*sender.items(), *ids.items())])
        line = (
            f"{method} {on_one_line(path)} {status} {size} B {milliseconds} ms {on_one_line(client)}"
            f"{last} [{request_id}]"
        )
    sys.stderr.write(f"{line}\n")  # one write per line, so that lines do not mix


@lru_cache(maxsize=1)
def _whole_second(now: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now))
