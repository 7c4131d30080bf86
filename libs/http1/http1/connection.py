"""A client connection for a server whose threads share one epoll. Reading never blocks."""

import contextlib
import math
import os
import select
import socket
import struct
import time
from collections.abc import Callable
from logging import Logger
from typing import Any, Literal

from http1.environ import wsgi_environ
from http1.fields import MalformedError
from http1.head import CHUNKED
from http1.refusal import Render, refuse
from http1.request_reader import RequestReader, WholeRequest
from http1.response_writer import ResponseWriter
from http1.stream import PIECE

# In bytes, the default maximum of Linux, which doubles the value. At least a third is free when epoll reports writable.
_SEND_BUFFER = 212_992
_SEND_TIMEOUT = struct.pack("ll", 3, 0)  # a struct timeval; limits each wait for a client that does not read
_LINGER_SECONDS = 2.0  # time to drain received data before the connection is closed (RFC 9112, section 9.6)


class Connection:
    """Receives available bytes, serves complete requests, and tracks the deadline for the next ones.

    Attributes:
        expires_at: when the connection expires, as a ``time.monotonic`` timestamp.
        is_ending: the response side is shut down; received bytes are discarded.

    Args:
        client: the accepted socket.
        address: the client's address, from ``socket.accept``.
        reader: the parser of this connection's requests.
        render: renders error responses.
    """

    def __init__(self, client: socket.socket, address: Any, reader: RequestReader, render: Render) -> None:
        self.sock = client
        client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, _SEND_TIMEOUT)
        # The address of a Unix socket is a string, usually empty.
        is_internet = isinstance(address, tuple)
        self.address, self._client_port = (address[0], str(address[1])) if is_internet else (address, "")
        name = client.getsockname()
        self._port = str(name[1]) if isinstance(name, tuple) else "80"  # a Unix socket has no port
        self.reader = reader
        self._render = render
        self.expires_at = math.inf
        self.is_ending = False
        self._begun_at: float | None = None  # arrival of the request's first byte

    @property
    def is_blocked(self) -> bool:
        """Whether the send buffer is full, because the client does not read its responses."""
        poll = select.poll()
        poll.register(self.sock, select.POLLOUT)
        return not poll.poll(0)

    def receive(self) -> bool:
        """Read available bytes without blocking; return False if the connection is closed."""
        try:
            data = self.sock.recv(PIECE, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return True
        except OSError:
            return False
        if not self.is_ending:
            self.reader.feed(data)
        return bool(data)

    def serve(self, handle: Callable[["Connection", WholeRequest], bool]) -> bool:
        """Call ``handle`` for each complete request; return whether the connection stays open for more."""
        try:
            while not self.is_blocked and (request := self.reader.next_request()):
                if not handle(self, request):
                    return False
                self.restart_clock()
            if self.reader.must_continue():
                self.sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        except MalformedError as error:
            return self.refuse(error.status, str(error))
        except OSError:
            return False  # the client closed the connection
        return True

    def respond(self, application: Any, request: WholeRequest, is_stopping: Callable[[], bool], log: Logger) -> bool:
        """Send the WSGI application's response; return whether the connection stays open for more requests."""
        writer = ResponseWriter(self.sock, request.head, request, is_stopping)
        environ = wsgi_environ(
            request.head,
            client=self.address,
            client_port=self._client_port,
            port=self._port,
            body=request.content if request.finished else None,
            script_name=os.environ.get("SCRIPT_NAME", ""),
        )
        if request.length is CHUNKED:  # PEP 3333 has no other way to pass a length
            environ["CONTENT_LENGTH"] = str(len(request.content))
        pieces: Any = ()
        try:
            pieces = application(environ, writer.start_response)
            writer.send(pieces)
        except (BlockingIOError, ConnectionError):
            return False  # the client closed the connection or does not read
        except Exception:  # Django handles its own
            log.exception("Error handling request")
            if not writer.has_begun:
                is_head = request.head.method == "HEAD"
                self.refuse(500, "The server failed; the error has been logged.", omits_body=is_head)
            return False
        finally:
            if hasattr(pieces, "close"):
                pieces.close()
        return writer.keeps_connection and request.finished

    def update_expiry(self, idle_seconds: float, request_seconds: float) -> None:
        """Set ``expires_at``: ``request_seconds`` from a request's first byte, or ``idle_seconds`` between requests."""
        if self.is_ending:
            return
        now = time.monotonic()
        if self.reader.is_reading:
            self._begun_at = self._begun_at or now
            self.expires_at = self._begun_at + request_seconds
        else:
            self._begun_at = None
            self.expires_at = min(self.expires_at, now + idle_seconds)  # empty lines do not extend it

    def restart_clock(self) -> None:
        """Start the time limits of the next request anew."""
        self._begun_at, self.expires_at = None, math.inf

    def refuse(self, status: int, detail: str, *, omits_body: bool | None = None) -> Literal[False]:
        """Send an error response, without a body for HEAD. Return False: the connection must be closed."""
        omits_body = self.reader.is_head_request if omits_body is None else omits_body
        with contextlib.suppress(OSError):
            refuse(self.sock, status, detail, self._render, omits_body=omits_body)
        return False

    def expire(self) -> None:
        """Respond with 408 if a request is incomplete. Does not block if the client does not read."""
        self.sock.settimeout(0)
        if self.reader.is_reading and not self.is_ending:
            self.refuse(408, "The request took too long to arrive.")

    def end(self) -> bool:
        """Shut down the sending side; return False if the connection is already closed.

        Closing at once would reset the connection, and a client that still sends could lose the response.
        """
        self.is_ending = True
        self.reader.discard()
        self.expires_at = time.monotonic() + _LINGER_SECONDS
        try:
            self.sock.shutdown(socket.SHUT_WR)
        except OSError:
            return False
        return True
