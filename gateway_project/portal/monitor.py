"""What a process of the gateway knows about the system: the load of the last minutes, and who is up."""

import logging
import time
from functools import cache

import gevent
from django.conf import settings

from portal.availability import Availability
from portal.documents import Documents
from portal.history import History
from portal.traffic import Counts, read_counts

logger = logging.getLogger(__name__)

_INTERVAL = 5.0  # seconds between two looks
_WINDOW = 60.0  # seconds over which rates and durations are computed
_PATIENCE = 0.03  # seconds that a page waits for health checks
_FRESH = 1.0  # seconds for which a look at the counts is used again


class Monitor:
    """Looks at the system every five seconds, and when a page asks."""

    def __init__(self) -> None:
        self.availability = Availability()
        self.documents = Documents()
        self.history = History()
        self._latest: Counts | None = None

    def run(self) -> None:
        """Look for ever; what fails is logged and tried again."""
        in_thread = (
            gevent.get_hub().threadpool.apply
        )  # reading the files takes milliseconds that no request should wait
        while True:
            try:
                in_thread(self._record)
                self.availability.look(_INTERVAL)
                self.documents.fetch_missing()
            except Exception:
                logger.exception("The portal cannot look at the system")
            gevent.sleep(_INTERVAL)

    def _record(self) -> None:
        if not self.history:
            self.history.load()
        self.history.append(read_counts())
        self.history.save()

    def refresh(self) -> Counts:
        """Check the replicas now, and return the present counts; takes some 30 ms at most."""
        self.availability.look(_PATIENCE)
        if self._latest is None or time.time() - self._latest.at > _FRESH:
            self._latest = read_counts()
        return self._latest

    def start_of_window(self, now: Counts) -> Counts:
        """Return the look at the counts that is a minute before ``now``, or the first one if it is younger."""
        return next((counts for counts in self.history if now.at - counts.at <= _WINDOW), now)


@cache
def monitor() -> Monitor:
    """Return the monitor of this process."""
    return Monitor()


def start() -> None:
    """Begin to look, if this gateway has a portal."""
    if settings.EXPOSE_PORTAL:
        gevent.spawn(monitor().run)
