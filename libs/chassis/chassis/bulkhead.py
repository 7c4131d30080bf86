"""A bulkhead: while another service stalls, so many threads wait for it, and the others go on.

The pattern is Nygard's (*Release It!*, chapter "Stability Patterns").
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore

# A thread that finds no place waits for one as long as 20 calls usually take, in seconds within these bounds: a busy
# service frees places all the time, a stalled one none.
SHORTEST_WAIT, LONGEST_WAIT = 0.05, 0.25


class BulkheadFull(Exception):  # noqa: N818 - what was found
    """Every place was taken for as long as a caller may wait."""


class Bulkhead:
    """``count`` places for calls at once; safe to share between threads."""

    def __init__(self, count: int) -> None:
        self._free = BoundedSemaphore(count)
        self._usual_seconds = 0.0  # a moving average; two threads that change it at once lose no more than one value

    @contextmanager
    def take(self) -> Iterator[None]:
        """Hold a place for one call; raise BulkheadFull if there was none in time."""
        if not self._free.acquire(timeout=min(max(20 * self._usual_seconds, SHORTEST_WAIT), LONGEST_WAIT)):
            raise BulkheadFull
        started = time.monotonic()
        try:
            yield
        finally:
            self._free.release()
        self._usual_seconds += 0.1 * (time.monotonic() - started - self._usual_seconds)
