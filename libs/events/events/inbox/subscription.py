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
"""A CloudEvent in its JSON format, as it was received: nothing about it has been checked but its type."""


class Reading(NamedTuple):
    """A reading of a feed from its start, and all that follows: the epoch of the log, and the reading's number.

    Versions can be compared within an epoch only. What has not been seen by the end of a reading's replay is gone.
    """

    epoch: UUID
    generation: int
    is_replaying: bool


@dataclass(frozen=True)
class Subscription:
    """A feed, which has the name of its service, and the functions that apply its events.

    ``apply`` gets one or more events, in a savepoint; it is called again with each of them alone if it raises. It may
    get an event more than once and events of a subject in any order, which their versions tell. ``sweep`` is called
    when a replay has reached the head: what has not been seen in this reading is gone at the producer, but for the
    subjects that it gets, whose events could not be applied.
    """

    feed: str
    url: Callable[[], str]
    types: frozenset[str]
    apply: Callable[[Sequence[Event], Reading], None]
    sweep: Callable[[Reading, Collection[str]], None]
    stream: str  # of the broker, if there is one


def ids_of(subjects: Iterable[str]) -> list[int]:
    """Return the ids in subjects such as ``users/7``; others are passed by."""
    return [int(match[1]) for subject in subjects if (match := re.fullmatch(r"[^/]+/([0-9]{1,18})", subject))]


@cache
def subscriptions() -> list[Subscription]:
    """Return those that ``settings.EVENT_SUBSCRIPTIONS`` names by their dotted paths."""
    return [import_string(path) for path in settings.EVENT_SUBSCRIPTIONS]
