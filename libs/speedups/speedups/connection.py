"""A client's connection, as the threads of the worker share it: nothing here waits for the client."""

import contextlib
import math
import select
import socket
import struct
import time
from typing import Literal

from http1.refusal import refuse
from http1.request_reader import RequestReader
from http1.stream import PIECE
from problems.refusal import render_refusal

_SEND_BUFFER = 212_992  # bytes, Linux's own maximum; twice as many are reserved, of which a third is free at least
_SEND_SECONDS = struct.pack(
    "ll", 3, 0
)  # without progress, if a response is larger than what is free; a struct timeval
_LINGER_SECONDS = 2.0  # for what a client still sends when its connection has ended (RFC 9112, section 9.6)


class Connection:
    """Takes what has come, and knows until when to wait for more.

    ``timeout`` is the instant (of ``time.monotonic``) at which waiting for the client ends.
    """

    def __init__(self, client: socket.socket, address: str, reader: RequestReader) -> None:
        self.sock = client
        client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, _SEND_SECONDS)
        self.address = address
        self.reader = reader
        self.timeout = math.inf
        self.is_ending = False  # all was said; what the client still sends is thrown away
        self._begun_at: float | None = None  # when the first byte of the request came

    @property
    def is_blocked(self) -> bool:
        """Whether the client does not read its responses, so that another one could have to wait for it."""
        poll = select.poll()
        poll.register(self.sock, select.POLLOUT)
        return not poll.poll(0)

    def receive(self) -> bool:
        """Take what is there; return whether the client is still there."""
        try:
            data = self.sock.recv(PIECE, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return True
        except OSError:
            return False
        if not self.is_ending:
            self.reader.feed(data)
        return bool(data)

    def wait(self, idle_seconds: float, request_seconds: float) -> None:
        """Set ``timeout``: for all of a request from its first byte on, or for the next one to begin."""
        if self.is_ending:
            return
        now = time.monotonic()
        if self.reader.is_reading:
            self._begun_at = self._begun_at or now
            self.timeout = self._begun_at + request_seconds
        else:
            self.answered()
            self.timeout = now + idle_seconds

    def answered(self) -> None:
        """Note that the time of the next request begins with its first byte."""
        self._begun_at = None

    def refuse(self, status: int, detail: str, *, omits_body: bool | None = None) -> Literal[False]:
        """Send a refusal, without a body to a HEAD; return False: the connection cannot carry another request."""
        omits_body = self.reader.is_head_request if omits_body is None else omits_body
        with contextlib.suppress(OSError):
            refuse(self.sock, status, detail, render_refusal, omits_body=omits_body)
        return False

    def end(self) -> bool:
        """Say that nothing follows; return whether the client is still there.

        A client that still sends would lose the response if the connection were closed at once.
        """
        self.is_ending = True
        self.reader.discard()
        self.timeout = time.monotonic() + _LINGER_SECONDS
        try:
            self.sock.shutdown(socket.SHUT_WR)
        except OSError:
            return False
        return True
