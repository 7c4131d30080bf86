"""The instant by which a call must be over.

The read timeout of requests limits the wait for each part of an answer, so that a server that sends a byte a second is
waited for without end. Here every wait lasts only as long as the whole call still may.
"""

import threading
import time


class Deadline(threading.local):
    """The instant (of ``time.monotonic``) by which this thread's call must be over."""

    at = float("inf")

    def start(self, seconds: float) -> None:
        """Give this thread's call so many seconds from now."""
        self.at = time.monotonic() + seconds

    def is_over(self) -> bool:
        """Whether no time is left."""
        return time.monotonic() >= self.at

    def remaining(self) -> float:
        """Return the seconds that are left.

        Raises:
            TimeoutError: none are.
        """
        seconds = self.at - time.monotonic()
        if seconds <= 0:
            raise TimeoutError("the call's total time is over")
        return seconds


deadline = Deadline()
