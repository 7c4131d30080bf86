"""The monitor of a gateway process: the load of the last minutes, the availability of the replicas, and lags."""

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
_COUNTS_MAX_AGE = 1.0  # seconds for which counts are used again


class Monitor:
    """Looks at the system every five seconds, and when a page asks."""

    def __init__(self) -> None:
        self.availability = Availability()
        self.documents = Documents()
        self.lags = Lags()
        self.history = History()
        self._latest: Counts | None = None

    def run(self) -> None:
        """Take a snapshot every ``_INTERVAL`` seconds; an error is logged, and the next one is tried."""
        while True:
            try:
                self._record()
                gevent.joinall(self.availability.check_all(), timeout=_INTERVAL)
                self.documents.fetch_missing()
            except Exception:
                logger.exception("The portal cannot look at the system")
            gevent.sleep(_INTERVAL)

    def _record(self) -> None:
        if not self.history:
            self.history.load()
        self.history.append(_in_thread(read_counts))
        _in_thread(self.history.save)

    def refresh(self) -> Counts:
        """Check the replicas and ask for lags now, and return the present counts; takes some 30 ms at most."""
        gevent.joinall([*self.availability.check_all(), *self.lags.refresh()], timeout=_WAIT_SECONDS)
        if self._latest is None or time.time() - self._latest.at > _COUNTS_MAX_AGE:
            self._latest = _in_thread(read_counts)
        return self._latest

    def start_of_window(self, now: Counts) -> Counts:
        """Return the snapshot of a minute before ``now``, or the oldest one if there is none."""
        return next((counts for counts in self.history if now.at - counts.at <= _WINDOW), now)


def _in_thread(function: Callable[[], T]) -> T:
    """Call ``function`` in a thread: files take milliseconds, in which the event loop serves other requests."""

    def attempt() -> tuple[T | None, Exception | None]:  # gevent would print an error beside the log
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
