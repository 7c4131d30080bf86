"""A client's connection, as the threads of a server share it: nothing here waits for the client."""

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
from http1.stream import PIECE, HeadTooLargeError

_SEND_BUFFER = 212_992  # bytes, Linux's own maximum; twice as many are reserved, of which a third is free at least
# Without progress, if a response is larger than what is free; a struct timeval.
_SEND_SECONDS = struct.pack("ll", 3, 0)
_LINGER_SECONDS = 2.0  # for what a client still sends when its connection has ended (RFC 9112, section 9.6)


class Connection:
    """Takes what has come, answers the requests that are complete, and knows until when to wait for more.

    ``timeout`` is the instant (of ``time.monotonic``) at which waiting for the client ends. ``render`` makes refusals.
    """

    def __init__(self, client: socket.socket, address: Any, reader: RequestReader, render: Render) -> None:
        self.sock = client
        client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, _SEND_SECONDS)
        # A Unix socket has a name, which is mostly empty, instead of address and port.
        is_internet = isinstance(address, tuple)
        self.address, self._client_port = (address[0], str(address[1])) if is_internet else (address, "")
        name = client.getsockname()
        self._port = str(name[1]) if isinstance(name, tuple) else "80"  # of a Unix socket
        self.reader = reader
        self._render = render
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

    def serve(self, handle: Callable[["Connection", WholeRequest], bool]) -> bool:
        """Let ``handle`` answer the requests that are complete; return whether the connection can carry another."""
        try:
            while not self.is_blocked and (request := self.reader.take()):
                if not handle(self, request):
                    return False
                self.restart_clock()
            if self.reader.must_continue():
                self.sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        except HeadTooLargeError:
            return self.refuse(431, "The head of the request is too large.")
        except MalformedError as error:
            return self.refuse(getattr(error, "status", 400), str(error))
        except OSError:
            return False  # the client is gone
        return True

    def respond(self, application: Any, request: WholeRequest, is_stopping: Callable[[], bool], log: Logger) -> bool:
        """Let a WSGI application answer; return whether the connection can carry another request."""
        writer = ResponseWriter(self.sock, request.head, request, is_stopping)
        environ = wsgi_environ(
            request.head,
            client=self.address,
            client_port=self._client_port,
            port=self._port,
            body=request.content if request.finished else None,
            script_name=os.environ.get("SCRIPT_NAME", ""),
        )
        if request.length is CHUNKED:  # PEP 3333 knows bodies by their length only
            environ["CONTENT_LENGTH"] = str(len(request.content))
        pieces: Any = ()
        try:
            pieces = application(environ, writer.start_response)
            writer.send(pieces)
        except (BlockingIOError, ConnectionError):
            return False  # the client is gone, or does not read
        except Exception:  # of which Django leaves none
            log.exception("Error handling request")
            if not writer.has_begun:
                is_head = request.head.method == "HEAD"
                self.refuse(500, "The server failed; the error has been logged.", omits_body=is_head)
            return False
        finally:
            if hasattr(pieces, "close"):
                pieces.close()
        return writer.keeps_connection and request.finished

    def wait(self, idle_seconds: float, request_seconds: float) -> None:
        """Set ``timeout``: for all of a request from its first byte on, or for the next one to begin."""
        if self.is_ending:
            return
        now = time.monotonic()
        if self.reader.is_reading:
            self._begun_at = self._begun_at or now
            self.timeout = self._begun_at + request_seconds
        else:
            self.restart_clock()
            self.timeout = now + idle_seconds

    def restart_clock(self) -> None:
        """Note that the time of the next request begins with its first byte."""
        self._begun_at = None

    def refuse(self, status: int, detail: str, *, omits_body: bool | None = None) -> Literal[False]:
        """Send a refusal, without a body to a HEAD; return False: the connection cannot carry another request."""
        omits_body = self.reader.is_head_request if omits_body is None else omits_body
        with contextlib.suppress(OSError):
            refuse(self.sock, status, detail, self._render, omits_body=omits_body)
        return False

    def expire(self) -> None:
        """Refuse the request that has not come in time, without waiting for a client that does not read."""
        self.sock.settimeout(0)
        if self.reader.is_reading and not self.is_ending:
            self.refuse(408, "The request took too long to arrive.")

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
