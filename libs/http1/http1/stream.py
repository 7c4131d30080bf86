"""A buffered, blocking reader of a socket."""

import re
import time
from socket import socket
from typing import TYPE_CHECKING

from http1.fields import MalformedError

if TYPE_CHECKING:
    from collections.abc import Callable

PIECE = 65536  # maximum bytes per read from a socket
_END_OF_HEAD = re.compile(rb"\r?\n\r?\n")
_EMPTY_LINES = re.compile(rb"\A(?:\r\n)+")


def never() -> bool:
    """Return False."""
    return False


def send_all(connected: socket, data: bytes) -> None:
    """Send all of ``data``. Tries ``send`` first, which is cheaper than ``sendall`` and usually enough."""
    if (sent := connected.send(data)) < len(data):
        connected.sendall(data[sent:])


class EndOfStreamError(Exception):
    """The peer closed the connection."""


class HeadTooLargeError(MalformedError):
    """The head of a message exceeds the limit; ``status`` is 414 if its first line does."""

    def __init__(self, head: bytes) -> None:
        is_line = b"\n" not in head
        super().__init__(f"The {'request line' if is_line else 'head of the message'} is too large.")
        self.status = 414 if is_line else 431


def end_of_head(buffer: bytes, limit: int, searched: int = 0) -> int | None:
    """Return the length of the head at the beginning of ``buffer``, or None if it is incomplete.

    Args:
        buffer: the received bytes.
        limit: the maximum length of a head, in bytes.
        searched: bytes of the buffer that were searched before.

    Raises:
        HeadTooLargeError: the head is longer than ``limit``.
    """
    found = _END_OF_HEAD.search(buffer, max(0, searched - 3))
    if (found.end() if found else len(buffer)) > limit:
        raise HeadTooLargeError(buffer[:limit])
    return found.end() if found else None


def skip_empty_lines(buffer: bytes) -> bytes:
    """Return ``buffer`` without the empty lines before a request, which servers ignore (RFC 9112, section 2.2)."""
    return _EMPTY_LINES.sub(b"", buffer)


class Stream:
    """Reads from a connected socket. The socket's timeout limits each wait for bytes.

    ``keeps_waiting`` is called after a timeout; if it returns True, the wait is repeated.
    """

    __slots__ = ("_buffer", "keeps_waiting", "socket")

    def __init__(self, connected: socket) -> None:
        self.socket = connected
        self.keeps_waiting: Callable[[], bool] = never
        self._buffer = b""

    @property
    def has_buffered(self) -> bool:
        """Whether bytes are buffered."""
        return bool(self._buffer)

    def peek(self, size: int) -> bytes:
        """Return up to ``size`` buffered bytes without consuming them."""
        return self._buffer[:size]

    def skip_empty_lines(self) -> int:
        """Drop empty lines at the start of the buffer; return their length."""
        before, self._buffer = self._buffer, skip_empty_lines(self._buffer)
        return len(before) - len(self._buffer)

    def read_head(self, limit: int, *, seconds: float | None = None, skips_empty_lines: bool = False) -> bytes:
        """Read the head of the next message, up to and including the empty line at its end.

        Args:
            limit: the maximum length, in bytes.
            seconds: the time limit from the first byte on; None: only the socket's timeout applies.
            skips_empty_lines: drop empty lines before the head.

        Raises:
            EndOfStreamError: the peer closed the connection.
            HeadTooLargeError: the head, or the empty lines before it, are longer than ``limit``.
            TimeoutError: the head did not arrive in time.
        """
        ends_at: float | None = None
        searched = skipped = 0
        while True:
            if skips_empty_lines and not searched and (skipped := skipped + self.skip_empty_lines()) > limit:
                raise HeadTooLargeError(b"\r\n")
            if end := end_of_head(self._buffer, limit, searched):
                head, self._buffer = self._buffer[:end], self._buffer[end:]
                return head
            searched = 0 if self._buffer == b"\r" else len(self._buffer)  # may be the start of an empty line
            if seconds is not None and self._buffer:
                ends_at = ends_at or time.monotonic() + seconds
                self.socket.settimeout(max(0.001, ends_at - time.monotonic()))
            self._fill()

    def read(self, size: int) -> bytes:
        """Read 1 to ``size`` bytes.

        Raises:
            EndOfStreamError: the peer closed the connection.
        """
        if not self._buffer:
            if size >= PIECE:
                return self._receive()
            self._fill()
        piece, self._buffer = self._buffer[:size], self._buffer[size:]
        return piece

    def unread(self, data: bytes) -> None:
        """Put ``data`` back at the start of the buffer."""
        self._buffer = data + self._buffer

    def _fill(self) -> None:
        received = self._receive()
        self._buffer = self._buffer + received if self._buffer else received

    def _receive(self) -> bytes:
        while True:
            try:
                received: bytes = self.socket.recv(PIECE)
                break
            except TimeoutError:
                if not self.keeps_waiting():
                    raise
        if not received:
            raise EndOfStreamError("The connection was closed.")
        return received
