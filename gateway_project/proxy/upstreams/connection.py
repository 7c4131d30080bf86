"""A connection to a replica of an upstream."""

import time

from gevent.monkey import get_original
from gevent.socket import IPPROTO_TCP, SHUT_RDWR, TCP_NODELAY, socket
from gevent.ssl import SSLSocket, SSLWantReadError

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
        self.idle_since = 0.0  # monotonic; 0: not used yet
        self._socket = connected
        self._timeout = timeout

    @property
    def is_reused(self) -> bool:
        """Return whether the connection was used before."""
        return self.idle_since > 0

    def send(self, data: bytes) -> None:
        """Send all of ``data``."""
        send_all(self._socket, data)

    def read_head(self) -> ResponseHead:
        """Return the next response head, which may be that of an interim response."""
        return parse_response(self.stream.read_head(_HEAD_LIMIT).decode("latin-1"))

    def mark_idle(self) -> None:
        """Mark the connection as idle from now on."""
        self.idle_since = time.monotonic()

    def is_usable(self) -> bool:
        """Return whether the idle connection is still open; one with data to read is closed or out of sync."""
        poll = _select_poll()
        poll.register(self._socket.fileno())
        arrived = [event for _, event in poll.poll(0) if event & ~4]
        return not arrived or (isinstance(self._socket, SSLSocket) and self._has_only_control_records())

    def _has_only_control_records(self) -> bool:
        """Return whether only TLS control records arrived, such as a session ticket or a key update, and no data."""
        self._socket.settimeout(0)
        try:
            self._socket.recv(1)
        except SSLWantReadError:
            self._socket.settimeout(self._timeout)
            return True
        except OSError:
            return False
        return False

    def abort(self) -> None:
        """Interrupt a pending read, as if the upstream had closed the connection."""
        try:
            self._socket.shutdown(SHUT_RDWR)
        except OSError:
            return  # already closed

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()
