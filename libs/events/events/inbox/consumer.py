"""Reads a feed and applies its events: delivered at least once, effective exactly once."""

import json
import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import InterfaceError, OperationalError, transaction
from django.db.models.functions import Now
from django.utils import timezone

from events.cursor import Cursor, CursorGone, Page
from events.inbox.client import FeedClient, FeedUnavailable
from events.inbox.models import DeadLetter, FeedCursor
from events.inbox.subscription import Event, Reading, Subscription
from observability import tracing
from problems.responses import printable

logger = logging.getLogger(__name__)

PAGE_SIZE = 500
CAUGHT_UP_AGAIN = timedelta(seconds=5)  # between updates of caught_up_at while there are no new events
MAX_ATTEMPTS = 8
FIRST_RETRY = timedelta(seconds=5)  # doubled at each attempt
_TRANSIENT = ("08", "40", "53", "55P03", "57P")  # SQLSTATEs: connections, conflicts, resources, locks, shutdowns


class Consumer:
    """Consumes the feed of a subscription. Several may run: the one that locks the cursor applies a page."""

    def __init__(self, subscription: Subscription) -> None:
        self.subscription = subscription
        self._client: FeedClient | None = None
        self.is_down = False
        self._seen: FeedCursor | None = None  # the cursor, if the last page was empty

    def consume(self) -> bool:
        """Fetch a page and apply it in one transaction; return whether there is more to read now.

        No lock is held during the HTTP request. An unavailable producer is retried at the next call.
        """
        seen = self._seen or FeedCursor.objects.get_or_create(feed=self.subscription.feed)[0]
        self._seen, asked_at = None, timezone.now()
        try:
            page = self.fetch(seen.as_cursor())
        except CursorGone:
            return self._replay(seen)
        except FeedUnavailable as error:
            if not self.is_down:
                logger.warning("feed unavailable", extra={"feed": self.subscription.feed, "error": str(error)})
            self.is_down = True
            return False
        self.is_down = False
        return self.apply_page(seen, page, asked_at)

    def fetch(self, after: Cursor | None) -> Page:
        """Return the page after the cursor, from the HTTP feed.

        Raises:
            FeedUnavailable, CursorGone: as ``FeedClient.read``.
        """
        self._client = self._client or FeedClient(self.subscription.url(), self.subscription.feed)
        return self._client.read(after, PAGE_SIZE)

    def apply_page(self, seen: FeedCursor, page: Page, asked_at: datetime) -> bool:
        """Apply the page that follows ``seen``, unless another consumer has; return whether there is more to read."""
        epoch, position, since = page.cursor
        is_head = position >= page.head
        is_unchanged = seen.epoch == epoch and seen.position == position and not seen.is_replaying
        if is_unchanged and is_head and seen.caught_up_at and abs(asked_at - seen.caught_up_at) < CAUGHT_UP_AGAIN:
            self._seen = seen  # saves a query at the next call
            return False
        with transaction.atomic():
            cursors = FeedCursor.objects.select_for_update(skip_locked=True)
            cursor = cursors.filter(pk=seen.pk, epoch=seen.epoch, position=seen.position).first()
            if cursor is None or cursor.generation != seen.generation:
                return False
            reading = Reading(epoch, cursor.generation, cursor.is_replaying)
            cursor.skipped += self._apply(page.events, reading)
            cursor.epoch, cursor.position, cursor.since, cursor.head = epoch, position, since, page.head
            if is_head:
                if cursor.is_replaying:
                    self.subscription.sweep(reading, DeadLetter.objects.unapplied_subjects(cursor.feed))
                cursor.is_replaying, cursor.caught_up_at = False, asked_at
            cursor.save()
        return not is_head

    def _replay(self, seen: FeedCursor) -> bool:
        with transaction.atomic():
            cursors = FeedCursor.objects.select_for_update(skip_locked=True)
            cursor = cursors.filter(pk=seen.pk, epoch=seen.epoch, position=seen.position).first()
            if cursor is None:
                return False
            cursor.replay()
        logger.warning("feed read from its start", extra={"feed": self.subscription.feed})
        return True

    def _apply(self, events: Sequence[Any], reading: Reading) -> int:
        """Apply events of known types, and bury those that fail; return the number of events of unknown types."""
        known = [event for event in events if _member(event, "type") in self.subscription.types]
        malformed = [event for event in events if not (isinstance(event, dict) and _member(event, "type"))]
        try:
            if known:
                self._in_savepoint(known, reading)
        except Exception as error:
            if _is_outage(error):
                raise
            for event in known:
                self._apply_alone(event, reading)
        for event in malformed:
            self._bury(event, ValueError("The event has no type."))
        return len(events) - len(known) - len(malformed)

    def _apply_alone(self, event: Event, reading: Reading) -> None:
        try:
            self._in_savepoint([event], reading)
        except Exception as error:
            if _is_outage(error):
                raise
            self._bury(event, error)

    def _in_savepoint(self, events: Sequence[Event], reading: Reading) -> None:
        if tracing.is_on() and len(events) > 1:
            for event in events:
                self._in_savepoint([event], reading)
            return
        with transaction.atomic(), tracing.consumer_span(events[0], f"process {events[0]['type']}"):
            self.subscription.apply(events, reading)

    def _bury(self, event: Any, error: Exception) -> None:
        values = {
            "type": _member(event, "type")[:200],
            "subject": _member(event, "subject")[:200],
            "event": json.dumps(event),
            "error": repr(error),
            "next_attempt_at": Now() + FIRST_RETRY,
        }
        event_id = _storable(_member(event, "id") or json.dumps(event))[:200]
        letter, is_new = DeadLetter.objects.get_or_create(
            feed=self.subscription.feed, event_id=event_id, defaults={k: _storable(v) for k, v in values.items()}
        )
        resolved = DeadLetter.objects.filter(pk=letter.pk, state=DeadLetter.State.RESOLVED)  # in an earlier reading
        again = {"state": DeadLetter.State.WAITING, "attempts": 1, "next_attempt_at": values["next_attempt_at"]}
        if is_new or resolved.update(**again):
            extra = {"feed": self.subscription.feed, "event": event_id}
            logger.error("event not applied", exc_info=error, extra=extra)

    def retry_dead_letters(self) -> bool:
        """Retry one due dead letter; return whether there was one."""
        due = DeadLetter.objects.due().filter(feed=self.subscription.feed)
        if not due.exists():
            return False
        with transaction.atomic():
            cursor = FeedCursor.objects.select_for_update(skip_locked=True).filter(pk=self.subscription.feed).first()
            letters = due.select_for_update(skip_locked=True)
            letter = letters.order_by("next_attempt_at").first() if cursor and cursor.epoch else None
            if cursor is None or cursor.epoch is None or letter is None:
                return False
            reading = Reading(cursor.epoch, cursor.generation, cursor.is_replaying)
            try:
                self._in_savepoint([json.loads(letter.event)], reading)
            except Exception as error:
                if _is_outage(error):
                    raise
                letter.error, letter.attempts = _storable(repr(error)), letter.attempts + 1
                letter.next_attempt_at = Now() + FIRST_RETRY * 2 ** (letter.attempts - 1)
                if letter.attempts >= MAX_ATTEMPTS:
                    letter.state, letter.next_attempt_at = DeadLetter.State.DEAD, None
                    logger.exception("event given up", extra={"feed": letter.feed, "event": letter.event_id})
            else:
                letter.state, letter.next_attempt_at = DeadLetter.State.RESOLVED, None
            letter.save()
        return True


def consumer_of(subscription: Subscription) -> Consumer:
    """Return a consumer of the subscription: of the broker's stream if ``settings.EVENTS_BROKER_URL`` is set."""
    if not settings.EVENTS_BROKER_URL:
        return Consumer(subscription)
    from events.inbox.broker import BrokerConsumer  # the import takes 17 MB

    return BrokerConsumer(subscription)


def _member(event: Any, name: str) -> str:
    value = event.get(name) if isinstance(event, dict) else None
    return value if isinstance(value, str) else ""


def _storable(value: Any) -> Any:
    """Return text without characters that PostgreSQL cannot store: NUL and lone surrogates."""
    return printable(value).replace("\0", "\\0") if isinstance(value, str) else value


def _is_outage(error: Exception) -> bool:
    """Whether the database caused the error, and not the event, so that a retry can succeed."""
    code = getattr(error.__cause__, "pgcode", None)  # None: the connection is lost
    return isinstance(error, OperationalError | InterfaceError) and (code is None or code.startswith(_TRANSIENT))
