"""The trace of a write, for the event that the trigger makes of it."""

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any
from weakref import WeakSet

from django.db.backends.base.base import BaseDatabaseWrapper

from chassis import tracing

_noted: WeakSet[BaseDatabaseWrapper] = WeakSet()


def note_traces(connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
    """Put the trace in front of each write of ``connection``: a receiver of ``connection_created``."""
    if connection not in _noted:  # it is connected anew
        _noted.add(connection)
        ExitStack().enter_context(connection.execute_wrapper(_with_trace))


def _with_trace(execute: Callable[..., Any], sql: str, params: Any, many: Any, context: dict[str, Any]) -> Any:
    if many or not sql.startswith(("INSERT", "UPDATE", "DELETE")):
        return execute(sql, params, many, context)
    if trace := tracing.outgoing_headers().get("traceparent"):
        # Two statements that are sent as one are one transaction, for which alone the value holds.
        sql, params = f"SELECT set_config('events.traceparent', %s, true); {sql}", (trace, *(params or ()))
    return execute(sql, params, many, context)
