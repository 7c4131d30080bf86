"""The instant by which a call must be over.

The read timeout of requests limits the wait for each part of a response: a server that sends a byte a second keeps its
client waiting without end. Here every wait lasts only as long as the whole call still may.
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
    """The instant (of ``time.monotonic``) by which this thread's call must be over."""

    at = math.inf

    def remaining(self) -> float:
        """Return the seconds that are left; raise TimeoutError if none are."""
        seconds = self.at - time.monotonic()
        if seconds <= 0:
            raise TimeoutError("the call's total time is over")
        return seconds


deadline = Deadline()


class _Socket(socket.socket):
    def recv_into(self, *args: Any) -> int:
        # urllib3 sets the read timeout again for each request.
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
    """The adapter of requests for ``http://``, each of whose waits ends at the deadline of its thread."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make the connection pools."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool}
