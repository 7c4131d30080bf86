"""A bulkhead: limits concurrent calls to another service, so that a stalled service cannot block all threads.

The pattern is Nygard's (*Release It!*, chapter "Stability Patterns").
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore

# A call waits for a free slot for 20 times the average duration of a call, within these bounds in seconds. A busy
# service frees slots all the time, a stalled service does not.
SHORTEST_WAIT, LONGEST_WAIT = 0.05, 0.25


class BulkheadFull(Exception):  # noqa: N818 - the field's term
    """No slot became free in time."""


class Bulkhead:
    """Allows ``count`` concurrent calls; safe to share between threads."""

    def __init__(self, count: int) -> None:
        self._free = BoundedSemaphore(count)
        self._average_seconds = 0.0  # a moving average; a race condition loses one value at most

    @contextmanager
    def acquire(self) -> Iterator[None]:
        """Hold a slot for one call; raise BulkheadFull if none becomes free in time."""
        if not self._free.acquire(timeout=min(max(20 * self._average_seconds, SHORTEST_WAIT), LONGEST_WAIT)):
            raise BulkheadFull
        started = time.monotonic()
        try:
            yield
        finally:
            self._free.release()
        self._average_seconds += 0.1 * (time.monotonic() - started - self._average_seconds)
