"""The trace of a write, for the event that the trigger makes of it."""

from collections.abc import Callable
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from observability import tracing


def note_traces(connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
    """Put the trace in front of each write of ``connection``: a receiver of ``connection_created``."""
    if _with_trace not in connection.execute_wrappers:  # as after it was connected anew
        connection.execute_wrappers.insert(0, _with_trace)  # outside of those that end with a request


def _with_trace(execute: Callable[..., Any], sql: str, params: Any, many: Any, context: dict[str, Any]) -> Any:
    if many or not sql.startswith(("INSERT", "UPDATE", "DELETE")):
        return execute(sql, params, many, context)
    if trace := tracing.outgoing_headers().get("traceparent"):
        # Two statements that are sent as one are one transaction, for which alone the value holds.
        sql, params = f"SELECT set_config('events.traceparent', %s, true); {sql}", (trace, *(params or ()))
    return execute(sql, params, many, context)
