"""Sends the log to a stream of the broker."""

import json
from typing import Any

from django.conf import settings
from redis.exceptions import RedisError, WatchError

from events import broker
from events.cursor import Cursor, CursorGone
from events.outbox.feed import State, read_page, read_state
from events.worker import Unavailable

BATCH_SIZE = 500  # events in one transaction of the broker
STREAM_LENGTH = 100_000  # entries that the stream keeps, approximately


class Relay:
    """Appends the events of the log to a stream, once each and in order.

    Several relays may run: because of WATCH, one of two concurrent transactions fails, and the server refuses an id
    that is not larger than the last one.
    """

    def __init__(self, stream: str) -> None:
        self._stream = stream
        self._redis = broker.connect()
        self._sent: Cursor | None = None  # after the last event that any relay sent

    def run(self) -> bool:
        """Send up to ``BATCH_SIZE`` events; return whether there are more. Sends no command without new events.

        Raises:
            Unavailable: the broker is unavailable or refuses the events.
        """
        state = read_state()
        if self._sent == (state.epoch, state.head, 0) and not state.unnumbered:
            return False
        try:
            return self._send()
        except (WatchError, CursorGone):
            return True  # another relay sent them, or the log's state has changed
        except RedisError as error:
            raise Unavailable(f"broker: {broker.reason(error)}") from error

    def _send(self) -> bool:
        with self._redis.pipeline() as pipeline:
            pipeline.watch(self._stream)
            newest = pipeline.xrevrange(self._stream, count=1)
            state = read_state()  # read after the newest entry, which another relay may just have sent
            last = _last(newest, state)
            self._sent = self._start(last, state)
            start = self._sent._replace(since=state.purged_to)
            page = read_page(start, BATCH_SIZE, f"/{settings.SERVICE_NAME}-service")
            pipeline.multi()
            if last is None:
                pipeline.delete(self._stream)
            for event in page.events:
                fields = {broker.EPOCH: str(state.epoch), broker.EVENT: json.dumps(event)}
                pipeline.xadd(self._stream, fields, f"{int(event['sequence'])}-0", maxlen=STREAM_LENGTH)
            pipeline.execute()
        self._sent = page.cursor._replace(since=0)
        return page.cursor.position < page.head

    def _start(self, last: int | None, state: State) -> Cursor:
        """Return the cursor after the last entry; without one, after the last sent event or, at first, at the head."""
        if last is None and self._sent and self._sent.epoch == state.epoch:
            last = self._sent.position
        position = state.head if last is None else max(last, state.head - STREAM_LENGTH)
        return Cursor(state.epoch, min(position, state.head))


def _last(newest: list[Any], state: State) -> int | None:
    """Return the position of the newest entry; None if the stream is empty or is not of the log of ``state``."""
    for entry_id, fields in newest:
        position = int(entry_id.partition("-")[0])
        if fields.get(broker.EPOCH) == str(state.epoch) and position <= state.head:
            return position
    return None
