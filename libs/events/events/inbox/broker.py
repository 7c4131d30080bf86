"""A consumer that reads the broker's stream, and verifies by the feed that no event is missing."""

import json
import logging
import time
from typing import Any

from redis.exceptions import RedisError

from events import broker
from events.cursor import Cursor, Page
from events.inbox.consumer import PAGE_SIZE, Consumer
from events.inbox.models import FeedCursor
from events.inbox.subscription import Subscription

logger = logging.getLogger(__name__)

BLOCK_SECONDS = 1.0  # for which a read blocks and delays SIGTERM; less than broker.TIMEOUT
VERIFY_SECONDS = 6.0  # between two reads of the feed; more than CAUGHT_UP_AGAIN, so that each is recorded
REST_SECONDS = 5.0  # pause after a failure of the broker; the feed is read meanwhile


class BrokerConsumer(Consumer):
    """Consumes a stream without consumer groups, and falls back to the feed.

    Entries must be of the cursor's epoch and follow its position without a gap. Only reads of the feed update
    ``caught_up_at``, because a stream does not show whether its relay lags.
    """

    def __init__(self, subscription: Subscription) -> None:
        super().__init__(subscription)
        self._redis = broker.connect()
        self._verify_at = self._rests_until = 0.0  # monotonic
        self._broker_is_down = False

    def consume(self) -> bool:
        """Wait for entries and apply them, or apply a page of the feed; return whether to continue at once."""
        now = time.monotonic()
        if now < self._rests_until:
            return super().consume()
        if now >= self._verify_at:
            if not super().consume():
                self._verify_at = time.monotonic() + VERIFY_SECONDS
            return True
        seen = FeedCursor.objects.filter(pk=self.subscription.feed, is_replaying=False).first()
        place = seen.as_cursor() if seen else None
        if seen is None or place is None or seen.caught_up_at is None:
            return super().consume()
        events = self._read(place)
        if events is None:
            return super().consume()
        if events:
            end = place._replace(position=place.position + len(events))
            self.apply_page(seen, Page(events, end, max(seen.head, end.position)), seen.caught_up_at)
            # If not, another consumer is applying the events.
            return FeedCursor.objects.filter(pk=seen.pk, position__gt=place.position).exists()
        return True

    def _read(self, after: Cursor) -> list[Any] | None:
        """Return the events after the cursor, an empty list after a timeout; None if the stream cannot be used."""
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
