"""A deadline for a whole call with requests.

The read timeout of requests limits only each wait for data: a server that sends one byte per second can keep a client
waiting forever. Here each wait is also limited by the time that remains until the deadline.
"""

import math
import socket
import threading
import time
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool


class Deadline(threading.local):
    """The deadline of this thread's call, as a ``time.monotonic`` timestamp in ``at``."""

    at = math.inf

    def remaining(self) -> float:
        """Return the seconds until the deadline; raise TimeoutError after it."""
        seconds = self.at - time.monotonic()
        if seconds <= 0:
            raise TimeoutError("the deadline of the call expired")
        return seconds


deadline = Deadline()


class _Socket(socket.socket):
    def recv_into(self, *args: Any) -> int:
        # urllib3 resets the timeout of the socket for each request.
        self.settimeout(min(self.gettimeout() or math.inf, deadline.remaining()))
        return super().recv_into(*args)


class _Connection(HTTPConnection):
    def connect(self) -> None:
        self.timeout = min(self.timeout or math.inf, deadline.remaining())
        super().connect()
        self.sock = _Socket(fileno=self.sock.detach())
        self.sock.settimeout(self.timeout)


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class DeadlineAdapter(HTTPAdapter):
    """An adapter for ``http://`` URLs that enforces the current thread's deadline."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Create the connection pools."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool}
