"""Reads events from a stream of the broker; the feed, which is the truth, tells whether they are all."""

import json
import logging
import time
from typing import Any

from redis.exceptions import RedisError

from events import broker
from events.cursor import Cursor
from events.inbox.client import Page
from events.inbox.consumer import PAGE_SIZE, Consumer
from events.inbox.models import FeedCursor
from events.inbox.subscription import Subscription

logger = logging.getLogger(__name__)

BLOCK_SECONDS = 1.0  # that a read waits for an entry, and SIGTERM for the read; less than broker.TIMEOUT
VERIFY_SECONDS = 6.0  # between two reads of the feed; more than CAUGHT_UP_AGAIN, so that each is written down
REST_SECONDS = 5.0  # after the broker failed; the feed is read meanwhile


class BrokerConsumer(Consumer):
    """Consumes a stream from the cursor on, without consumer groups, and the feed whenever the stream does not do.

    Entries count if they are of the cursor's epoch and follow it without a hole. Only the feed moves ``caught_up_at``,
    because a stream does not tell whether its relay is behind.
    """

    def __init__(self, subscription: Subscription) -> None:
        super().__init__(subscription)
        self._redis = broker.connect()
        self._verify_at = self._rests_until = 0.0  # monotonic
        self._broker_is_down = False

    def consume(self) -> bool:
        """Wait for entries and apply them, or apply a page of the feed; return whether to go on at once."""
        now = time.monotonic()
        if now < self._rests_until:
            return super().consume()
        if now >= self._verify_at:
            if not super().consume():
                self._verify_at = time.monotonic() + VERIFY_SECONDS
            return True
        seen = FeedCursor.objects.filter(pk=self.subscription.feed, is_replaying=False).first()
        place = seen.place() if seen else None
        if seen is None or place is None or seen.caught_up_at is None:
            return super().consume()
        events = self._read(place)
        if events is None:
            return super().consume()
        if events:
            end = place._replace(position=place.position + len(events))
            self.apply_page(seen, Page(events, end, max(seen.head, end.position)), seen.caught_up_at)
            # If not, another consumer is about to do so.
            return FeedCursor.objects.filter(pk=seen.pk, position__gt=place.position).exists()
        return True

    def _read(self, after: Cursor) -> list[Any] | None:
        """Return the events of the entries that follow the cursor, none after some waiting; None if that is unknown."""
        try:
            found = self._redis.xread(
                {self.subscription.stream: f"{after.position}-0"}, PAGE_SIZE, int(BLOCK_SECONDS * 1000)
            )
        except RedisError as error:
            if not self._broker_is_down:
                extra = {"feed": self.subscription.feed, "error": broker.reason(error)}
                logger.warning("broker unavailable, events are read from the feed", extra=extra)
            self._broker_is_down, self._rests_until = True, time.monotonic() + REST_SECONDS
            return None
        self._broker_is_down = False
        entries = found[0][1] if found else []
        following = [(f"{after.position + n}-0", str(after.epoch)) for n in range(1, len(entries) + 1)]
        if [(entry_id, fields.get(broker.EPOCH)) for entry_id, fields in entries] != following:
            return None
        try:
            return [json.loads(fields[broker.EVENT]) for _, fields in entries]
        except (KeyError, ValueError):
            return None
