"""The trace and the actor of a write, for the event that the trigger makes of it."""

from collections.abc import Callable
from itertools import chain
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from observability import tracing
from observability.actor import current_actor


def note_context(connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
    """Put the context in front of each write of ``connection``: a receiver of ``connection_created``."""
    if _with_context not in connection.execute_wrappers:  # as after it was connected anew
        connection.execute_wrappers.insert(0, _with_context)  # outside of those that end with a request


def _with_context(execute: Callable[..., Any], sql: str, params: Any, many: Any, context: dict[str, Any]) -> Any:
    if many or not sql.startswith(("INSERT", "UPDATE", "DELETE")):
        return execute(sql, params, many, context)
    trace, actor = tracing.outgoing_headers().get("traceparent"), current_actor()
    known = [pair for pair in (("events.traceparent", trace), ("events.actor", actor)) if pair[1]]
    if known:
        # Two statements that are sent as one are one transaction, for which alone the values hold.
        setting = ", ".join(["set_config(%s, %s, true)"] * len(known))
        sql, params = f"SELECT {setting}; {sql}", (*chain(*known), *(params or ()))
    return execute(sql, params, many, context)
