"""The monitor of a gateway process: recent load, health of the replicas, documents and lags."""

import logging
import time
from collections.abc import Callable
from functools import cache
from typing import TypeVar, cast

import gevent
from django.conf import settings

from portal.availability import Availability
from portal.documents import Documents
from portal.history import History
from portal.lag import Lags
from portal.traffic import Counts, read_counts

logger = logging.getLogger(__name__)
T = TypeVar("T")

_INTERVAL = 5.0  # seconds between two snapshots
_WINDOW = 60.0  # seconds over which rates and durations are computed
_WAIT_SECONDS = 0.03  # seconds that a page waits for health checks
_COUNTS_MAX_AGE = 1.0  # seconds for which counts are cached


class Monitor:
    """Collects the state of the system every five seconds, and when a page is requested."""

    def __init__(self) -> None:
        self.availability = Availability()
        self.documents = Documents()
        self.lags = Lags()
        self.history = History()
        self._latest: Counts | None = None

    def run(self) -> None:
        """Take a snapshot every ``_INTERVAL`` seconds; errors are logged and do not end the loop."""
        while True:
            try:
                self._record()
                gevent.joinall(self.availability.check_all(), timeout=_INTERVAL)
                self.documents.fetch_missing()
            except Exception:
                logger.exception("The portal cannot collect the state of the system")
            gevent.sleep(_INTERVAL)

    def _record(self) -> None:
        if not self.history:
            self.history.load()
        self.history.append(_in_thread(read_counts))
        _in_thread(self.history.save)

    def refresh(self) -> Counts:
        """Start health checks and requests for lags, wait at most 30 ms for them, and return the current counts."""
        gevent.joinall([*self.availability.check_all(), *self.lags.refresh()], timeout=_WAIT_SECONDS)
        if self._latest is None or time.monotonic() - self._latest.at > _COUNTS_MAX_AGE:
            self._latest = _in_thread(read_counts)
        return self._latest

    def start_of_window(self, now: Counts) -> Counts:
        """Return the oldest snapshot of the minute before ``now``; ``now`` itself if there is none."""
        return next((counts for counts in self.history if now.at - counts.at <= _WINDOW), now)


def _in_thread(function: Callable[[], T]) -> T:
    """Call ``function`` in a thread, because reading files would block the event loop for milliseconds."""

    def attempt() -> tuple[T | None, Exception | None]:  # gevent would print errors to stderr
        try:
            return function(), None
        except Exception as error:  # noqa: BLE001 -- raised below
            return None, error

    result, error = gevent.get_hub().threadpool.apply(attempt)
    if error:
        raise error
    return cast("T", result)


@cache
def monitor() -> Monitor:
    """Return the monitor of this process."""
    return Monitor()


def start() -> None:
    """Start the monitor of this process, if the gateway has a portal."""
    if settings.EXPOSE_PORTAL:
        gevent.spawn(monitor().run)
