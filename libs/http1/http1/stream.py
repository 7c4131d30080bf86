"""A socket together with the bytes that were read from it and not yet used."""

import re
import time
from socket import socket
from typing import TYPE_CHECKING

from http1.fields import MalformedError

if TYPE_CHECKING:
    from collections.abc import Callable

PIECE = 65536  # bytes taken from a socket at once
_END_OF_HEAD = re.compile(rb"\r?\n\r?\n")
_EMPTY_LINES = re.compile(rb"\A(?:\r\n)+")


def never() -> bool:
    """Keep no one waiting."""
    return False


def send_all(connected: socket, data: bytes) -> None:
    """Send all of ``data``, of which the socket mostly takes all at once; ``sendall`` does more before it tries."""
    if (sent := connected.send(data)) < len(data):
        connected.sendall(data[sent:])


class EndOfStreamError(Exception):
    """The other side closed the connection."""


class HeadTooLargeError(MalformedError):
    """The head of a message is larger than allowed."""


def end_of_head(buffer: bytes, limit: int, searched: int = 0) -> int | None:
    """Return where the head at the beginning of ``buffer`` ends; None while its end has not come.

    Args:
        buffer: the bytes that came.
        limit: the most bytes that a head may have.
        searched: so many bytes were looked at before.

    Raises:
        HeadTooLargeError: it is longer than ``limit``.
    """
    found = _END_OF_HEAD.search(buffer, max(0, searched - 3))
    if (found.end() if found else len(buffer)) > limit:
        raise HeadTooLargeError("The head of the message is too large.")
    return found.end() if found else None


def skip_empty_lines(buffer: bytes) -> bytes:
    """Return ``buffer`` without the empty lines before a request, which are none of it (RFC 9112, section 2.2)."""
    return _EMPTY_LINES.sub(b"", buffer)


class Stream:
    """Reads from a connected socket, whose timeout bounds every wait for bytes.

    ``keeps_waiting`` is asked when it has passed: whether there is a reason to wait as long again.
    """

    __slots__ = ("_buffer", "keeps_waiting", "socket")

    def __init__(self, connected: socket) -> None:
        self.socket = connected
        self.keeps_waiting: Callable[[], bool] = never
        self._buffer = b""

    @property
    def has_buffered(self) -> bool:
        """Whether bytes are there without asking the socket."""
        return bool(self._buffer)

    def peek(self, size: int) -> bytes:
        """Return up to ``size`` of the bytes that are there, and leave them there."""
        return self._buffer[:size]

    def skip_empty_lines(self) -> None:
        """Drop the empty lines that are there."""
        self._buffer = skip_empty_lines(self._buffer)

    def read_head(self, limit: int, *, seconds: float | None = None, skips_empty_lines: bool = False) -> bytes:
        """Return the head of the next message with the empty line that ends it.

        Args:
            limit: the most bytes it may have.
            seconds: how long it may take from its first byte on; None: the socket's timeout is all.
            skips_empty_lines: whether those before the head are dropped.

        Raises:
            EndOfStreamError: the connection ended first.
            HeadTooLargeError: it is longer than ``limit``.
            TimeoutError: it took too long.
        """
        ends_at: float | None = None
        searched = 0
        while True:
            if skips_empty_lines and not searched:
                self.skip_empty_lines()
            if end := end_of_head(self._buffer, limit, searched):
                head, self._buffer = self._buffer[:end], self._buffer[end:]
                return head
            searched = 0 if self._buffer == b"\r" else len(self._buffer)  # it may become an empty line
            if seconds is not None and searched:
                ends_at = ends_at or time.monotonic() + seconds
                self.socket.settimeout(max(0.001, ends_at - time.monotonic()))
            self._fill()

    def read(self, size: int) -> bytes:
        """Return 1 to ``size`` bytes.

        Raises:
            EndOfStreamError: the connection ended.
        """
        if not self._buffer:
            if size >= PIECE:
                return self._receive()
            self._fill()
        piece, self._buffer = self._buffer[:size], self._buffer[size:]
        return piece

    def unread(self, data: bytes) -> None:
        """Put back what was read too much; nothing was read since."""
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
