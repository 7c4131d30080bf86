"""A connection whose answer must be complete by a deadline.

The read timeout of requests limits the wait for each part of an answer, so that a server that sends a byte a second is
waited for without end. Here every read waits only as long as the whole call still may.
"""

import socket
import threading
import time
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool


class Deadline(threading.local):
    """The instant (of ``time.monotonic``) by which this thread's call must be over."""

    at = float("inf")

    def start(self, seconds: float) -> None:
        """Give this thread's call so many seconds from now."""
        self.at = time.monotonic() + seconds

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


class DeadlineSocket(socket.socket):
    """A socket that reads no longer than the deadline of its thread allows."""

    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        """Receive into a buffer, as ``socket.socket`` does."""
        timeout = self.gettimeout()
        remaining = deadline.remaining()
        self.settimeout(remaining if timeout is None else min(timeout, remaining))
        try:
            return super().recv_into(*args, **kwargs)
        finally:
            self.settimeout(timeout)


class DeadlineConnection(HTTPConnection):
    """An HTTP connection over such a socket."""

    def _new_conn(self) -> socket.socket:
        self.timeout = min(float(self.timeout or deadline.remaining()), deadline.remaining())
        plain = super()._new_conn()
        timeout = plain.gettimeout()
        timed = DeadlineSocket(fileno=plain.detach())
        timed.settimeout(timeout)
        return timed


class DeadlinePool(HTTPConnectionPool):
    """A pool of such connections."""

    ConnectionCls = DeadlineConnection


class DeadlineAdapter(HTTPAdapter):
    """Gives a session of requests such connections for ``http://``; over TLS, the timeouts of requests alone hold."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make the pools."""
        super().init_poolmanager(*args, **kwargs)
        pools = self.poolmanager.pool_classes_by_scheme
        self.poolmanager.pool_classes_by_scheme = pools | {"http": DeadlinePool}
