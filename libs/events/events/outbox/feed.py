"""The feed: reads the log page by page."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection

from events.cursor import Cursor, CursorGone, Page
from events.outbox.models import Event

_STATE = """
    SELECT epoch, head, purged_to, cluster = (SELECT system_identifier::text FROM pg_control_system()),
        EXISTS (SELECT FROM outbox_event WHERE position IS NULL)
    FROM outbox_feed
"""
_BEGIN = """
    INSERT INTO outbox_feed AS feed (id, cluster) SELECT 1, system_identifier FROM pg_control_system()
    ON CONFLICT (id) DO UPDATE SET epoch = gen_random_uuid(), cluster = excluded.cluster
"""


@dataclass(frozen=True)
class State:
    """The state of the feed; ``unnumbered`` is whether committed events have no positions yet."""

    epoch: UUID
    head: int
    purged_to: int
    unnumbered: bool


def read_state() -> State:
    """Return the state of the feed; after ``pg_restore`` into another cluster the feed gets a new epoch."""
    with connection.cursor() as cursor:
        cursor.execute(_STATE)
        found = cursor.fetchone()
        if found is None or not found[3]:
            cursor.execute(_BEGIN)
            cursor.execute(_STATE)
            found = cursor.fetchone()
    return State(found[0], found[1], found[2], found[4])


def begin_epoch() -> None:
    """Begin a new epoch: all readers must replay."""
    with connection.cursor() as cursor:
        cursor.execute(_BEGIN)


def read_page(after: Cursor | None, limit: int, source: str) -> Page:
    """Number committed events, and return the page after the cursor ``after``, by default the first page.

    Raises:
        CursorGone: ``after`` is of another epoch, ahead of the feed, or before a purged deletion.
    """
    state = read_state()
    if state.unnumbered:
        Event.objects.number()
        state = read_state()
    start = after or Cursor(state.epoch, 0, state.purged_to)
    if start.epoch != state.epoch or start.position > state.head or max(start.position, start.since) < state.purged_to:
        raise CursorGone
    events: list[Event] = []
    if start.position < state.head:
        events = [*Event.objects.filter(position__gt=start.position).order_by("position")[:limit]]
    last = (events[-1].position or 0) if events else 0
    # A page that is not full ends at the head, even if compaction deleted the last events.
    position = last if len(events) == limit else max(state.head, last)
    found = [cloud_event(event, source) for event in events]
    return Page(found, start._replace(position=position), max(state.head, last))


def cloud_event(event: Event, source: str) -> dict[str, Any]:
    """Return the event in the JSON format of CloudEvents 1.0, with the extensions sequence, traceparent and actor."""
    members = {
        "specversion": "1.0",
        "id": str(event.event_id),
        "source": source,
        "type": event.type,
        "subject": event.subject,
        "time": event.time.isoformat().replace("+00:00", "Z"),
        "sequence": f"{event.position:020d}",  # as text in the order of positions
        "datacontenttype": "application/json",
        "data": event.data,
    }
    extensions = {"traceparent": event.traceparent, "actor": event.actor}
    return members | {name: value for name, value in extensions.items() if value}
