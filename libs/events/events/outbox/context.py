"""Passes the trace and the actor of a write to the trigger that writes its event."""

import re
from collections.abc import Callable
from itertools import chain
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from observability import request_id, tracing
from observability.actor import current_actor

# Statements that may write, after spaces and comments. One that begins with WITH may only read.
_WRITE = re.compile(r"(?>\s|--.*\n|/\*[\s\S]*?\*/)*(?:INSERT|UPDATE|DELETE|MERGE|WITH)\b", re.IGNORECASE)
_TRACEPARENT = re.compile("[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")  # W3C Trace Context


def note_context(connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
    """Receiver of ``connection_created``: add the context to each write of ``connection``, except ``executemany``."""
    if _with_context not in connection.execute_wrappers:  # a reconnect sends the signal again
        connection.execute_wrappers.insert(0, _with_context)  # outermost, around wrappers that last for one request


def _with_context(execute: Callable[..., Any], sql: Any, params: Any, many: Any, context: dict[str, Any]) -> Any:
    cursor = context["cursor"]
    text = sql.as_string(cursor.connection) if hasattr(sql, "as_string") else sql  # psycopg2.sql's, or a string
    is_named = getattr(cursor, "name", None)  # DECLARE, of which a server-side cursor consists, has one statement
    if many or is_named or not _WRITE.match(text):
        return execute(sql, params, many, context)
    headers = request_id.outgoing_headers() | tracing.outgoing_headers()  # the received one, if tracing is off
    trace, actor = headers.get(request_id.TRACEPARENT, ""), current_actor()
    trace = trace if _TRACEPARENT.fullmatch(trace) else ""
    known = [pair for pair in (("events.traceparent", trace), ("events.actor", actor)) if pair[1]]
    if known:
        # Two statements in one query form one transaction, to which the values are limited.
        setting = ", ".join(["set_config(%s, %s, true)"] * len(known))
        prefix = cursor.mogrify(f"SELECT {setting}; ", [*chain(*known)]).decode()
        sql = (prefix if params is None else prefix.replace("%", "%%")) + text
    return execute(sql, params, many, context)
