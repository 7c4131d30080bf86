"""One connection to an upstream's replica."""

import time

from gevent.monkey import get_original
from gevent.socket import IPPROTO_TCP, SHUT_RDWR, TCP_NODELAY, socket

from http1.head import ResponseHead, parse_response
from http1.stream import Stream, send_all

_HEAD_LIMIT = 262144
_select_poll = get_original("select", "poll")  # gevent's own would switch to another greenlet


class Connection:
    """A connected socket; its timeout, in seconds, bounds each wait for the upstream."""

    def __init__(self, connected: socket, timeout: float) -> None:
        connected.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
        connected.settimeout(timeout)
        self.stream = Stream(connected)
        self.idle_since = 0.0  # monotonic; 0: it has carried nothing yet
        self._socket = connected

    @property
    def is_reused(self) -> bool:
        """Whether it has carried an exchange before."""
        return self.idle_since > 0

    def send(self, data: bytes) -> None:
        """Send all of ``data``."""
        send_all(self._socket, data)

    def read_head(self) -> ResponseHead:
        """Return the next head, that of an interim answer included."""
        return parse_response(self.stream.read_head(_HEAD_LIMIT).decode("latin-1"))

    def rest(self) -> None:
        """Note that it waits for its next exchange from now on."""
        self.idle_since = time.monotonic()

    def is_usable(self) -> bool:
        """Whether it is still open: an idle connection that has something to read was closed, or is out of step."""
        poll = _select_poll()
        poll.register(self._socket.fileno())
        return not [event for _, event in poll.poll(0) if event & ~4]

    def abort(self) -> None:
        """Wake up whoever reads from it, as if the upstream had closed."""
        try:
            self._socket.shutdown(SHUT_RDWR)
        except OSError:
            return  # it had

    def close(self) -> None:
        """Close it."""
        self._socket.close()
