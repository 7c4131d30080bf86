"""Writes a WSGI response to a socket."""

import time
from collections.abc import Callable
from email.utils import formatdate
from functools import lru_cache
from socket import SO_LINGER, SOL_SOCKET, socket
from struct import pack
from typing import Any, Protocol

from http1.body import chunk, last_chunk
from http1.fields import Fields, format_fields, values
from http1.head import RequestHead
from http1.stream import send_all

_DRAIN = 65536  # bytes of a request body that are discarded to keep the connection
_RESET_ON_CLOSE = pack("ii", 1, 0)


class RequestBody(Protocol):
    """The attributes of a request body that a response depends on, as in ``http1.body.Body``."""

    finished: bool

    @property
    def length(self) -> int | None:
        """The number of bytes, or ``CHUNKED``."""


class ResponseWriter:
    """Frames the response of a WSGI application (RFC 9112, section 6) and sends it."""

    def __init__(
        self, client: socket, request: RequestHead, body: RequestBody, is_stopping: Callable[[], bool]
    ) -> None:
        self.must_drain = False
        self.keeps_connection = request.keeps_alive
        self._is_stopping = is_stopping
        self._status = ""
        self.sent = 0  # bytes of the body
        self._socket = client
        self._request = request
        self._body = body
        self._head = b""
        self.has_begun = False
        self._omits_body = False
        self._is_chunked = False
        self._ends_with_connection = False
        self._headers: Fields = []

    @property
    def status(self) -> str:
        """The status code, as text."""
        return self._status[:3]

    @property
    def request_id(self) -> str:
        """The last X-Request-ID of the response, which the middleware adds; ``-`` without one."""
        return next((value for name, value in reversed(self._headers) if name == "X-Request-ID"), "-")

    def interim(self, status: int, reason: str, fields: Fields) -> None:
        """Send an interim response (1xx) immediately, unless the client uses HTTP/1.0 (RFC 9110, section 15.2)."""
        if self._request.version >= (1, 1) and not self.has_begun:
            self._socket.sendall(f"HTTP/1.1 {status} {reason}\r\n{format_fields(fields)}\r\n".encode("latin-1"))

    def start_response(self, status: str, headers: Fields, exc_info: object = None) -> Callable[[bytes], object]:
        """The ``start_response`` callable of PEP 3333."""
        self._status, self._headers = status, headers
        return self._write

    def send(self, response: Any) -> None:
        """Send the head, each piece of ``response``, and the ``trailers`` attribute of the response if it has one."""
        try:
            for piece in response:
                # A WSGI application may call start_response as late as for its first piece.
                self._head = self._head or self._make_head(response)
                self._write(piece)
        except BaseException:
            self._abort()
            raise
        self._head = self._head or self._make_head(response)
        self._finish(getattr(response, "trailers", []))

    def _make_head(self, response: Any) -> bytes:
        if not getattr(response, "streaming", True) and not self._body.finished:
            # The application did not read the whole request body: drain a small one, or close the connection.
            self.must_drain = self._is_small() and self.status != "408"  # whose rest does not arrive
            self.keeps_connection &= self.must_drain
        self.keeps_connection &= not self._is_stopping()
        headers, is_without_length = list(self._headers), self.status == "204" or self.status[0] == "1"
        if is_without_length:  # RFC 9110, section 8.6
            headers = [field for field in headers if field[0].lower() != "content-length"]
        names = {name.lower() for name, _ in headers}
        self._omits_body = self._request.method == "HEAD" or is_without_length or self.status == "304"
        if "content-length" not in names and not self._omits_body:
            if not getattr(response, "streaming", True):  # a Django response with its content in memory
                headers.append(("Content-Length", str(len(response.content))))
            elif self._request.version >= (1, 1):
                self._is_chunked = True
                headers.append(("Transfer-Encoding", "chunked"))
            else:
                self._ends_with_connection = True
                self.keeps_connection = False
        if "date" not in names:  # RFC 9110, section 6.6.1
            headers.append(("Date", http_date(int(time.time()))))
        if not self.keeps_connection:
            headers.append(("Connection", "close"))
        elif self._request.version < (1, 1):
            headers.append(("Connection", "keep-alive"))
        return f"HTTP/1.1 {self._status}\r\n{format_fields(headers)}\r\n".encode("latin-1")

    def _is_small(self) -> bool:
        length = self._body.length
        return length is not None and length <= _DRAIN and not values(self._request.fields, "expect")

    def _write(self, piece: bytes) -> None:
        """Send ``piece``, with the head before the first one. An empty first piece sends the head immediately."""
        if self._omits_body:
            return
        data = chunk(piece) if self._is_chunked and piece else piece
        if not self.has_begun:
            data = self._head + data
            self.has_begun = True
        send_all(self._socket, data)
        self.sent += len(piece)

    def _finish(self, trailers: Fields) -> None:
        data = b"" if self.has_begun else self._head
        if self._is_chunked:
            data += last_chunk(trailers)
        if data:
            self.has_begun = True
            send_all(self._socket, data)

    def _abort(self) -> None:
        """Close with a reset if the body ends with the connection, so that the client notices the truncation."""
        self.keeps_connection = False
        if self._ends_with_connection:
            self._socket.setsockopt(SOL_SOCKET, SO_LINGER, _RESET_ON_CLOSE)


@lru_cache(maxsize=1)
def http_date(now: int) -> str:
    """Format a Unix timestamp as an HTTP date; cached for one second."""
    return formatdate(now, usegmt=True)
