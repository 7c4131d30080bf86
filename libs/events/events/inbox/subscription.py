"""Subscriptions to the events of other services."""

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

from django.conf import settings
from django.utils.module_loading import import_string

Event = dict[str, Any]
"""A received CloudEvent in JSON format. Only its type has been checked."""


class Reading(NamedTuple):
    """A reading of a feed: a replay from the start, and the events that follow. ``generation`` is its number.

    Versions can be compared within an epoch only. Objects that the replay does not contain are deleted at the producer.
    """

    epoch: UUID
    generation: int
    is_replaying: bool


@dataclass(frozen=True)
class Subscription:
    """A feed, named after its service, and the functions that apply its events.

    ``apply`` receives one or more events, in a savepoint; if it raises, it is called again with each event alone. An
    event may arrive more than once, and events of a subject in any order: compare their versions. ``sweep`` is called
    when a replay reaches the head. It marks objects that the replay did not contain as deleted, except the subjects
    that it receives: their events could not be applied.
    """

    feed: str
    url: Callable[[], str]
    types: frozenset[str]
    apply: Callable[[Sequence[Event], Reading], None]
    sweep: Callable[[Reading, Collection[str]], None]
    stream: str  # its name in the broker


def ids_of(subjects: Iterable[str]) -> list[int]:
    """Return the ids in subjects such as ``users/7``; other subjects are skipped."""
    return [int(match[1]) for subject in subjects if (match := re.fullmatch(r"[^/]+/([0-9]{1,19})", subject))]


@cache
def subscriptions() -> list[Subscription]:
    """Return the subscriptions that ``settings.EVENT_SUBSCRIPTIONS`` names by dotted path."""
    return [import_string(path) for path in settings.EVENT_SUBSCRIPTIONS]
