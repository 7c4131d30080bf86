"""A transport adapter for requests with one keep-alive connection and the codec of ``http1``.

The default adapter uses urllib3, http.client and the e-mail parser, which cause most of the CPU time of a call with a
small response (docs/adr/0016).
"""

import io
import socket
from collections.abc import Callable
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict

from http1.body import Body
from http1.fields import MalformedError, format_fields
from http1.head import UNTIL_CLOSE, parse_response, response_length
from http1.stream import EndOfStreamError, Stream, send_all
from speedups.sockets import is_silent

_HEAD_LIMIT = 65536  # bytes


class OneConnectionAdapter(BaseAdapter):
    """Sends requests without a body over one connection to one ``http://`` server at a time. Not thread-safe.

    Args:
        remaining: returns the seconds until the deadline of the current call, or raises TimeoutError.
    """

    def __init__(self, remaining: Callable[[], float]) -> None:
        super().__init__()
        self._remaining = remaining
        self._authority = ""
        self._stream: Stream | None = None

    def send(  # type: ignore[override] # the other arguments are for TLS, proxies and streams
        self, request: requests.PreparedRequest, *, timeout: tuple[float, float], **_kwargs: Any
    ) -> requests.Response:
        """Return the complete response; ``timeout`` is the connect timeout and the read timeout, in seconds.

        Raises:
            requests.Timeout: a timeout or the deadline of the call expired.
            requests.ConnectionError: the connection failed, or the response is incomplete or malformed.
        """
        try:
            return self._exchange(request, *timeout)
        except BaseException as error:
            self.close()  # the response may be partly read
            if not isinstance(error, OSError | EndOfStreamError | MalformedError):
                raise
            kind = requests.Timeout if isinstance(error, TimeoutError) else requests.ConnectionError
            raise kind(error, request=request) from error

    def close(self) -> None:
        """Close the connection; the next request opens a new one."""
        if self._stream:
            self._stream.socket.close()
            self._stream = None

    def _exchange(self, request: requests.PreparedRequest, connecting: float, waiting: float) -> requests.Response:
        url = urlsplit(request.url or "")
        stream = self._connected(url.netloc, connecting)
        stream.socket.longest = waiting  # type: ignore[attr-defined] # a _Socket
        stream.socket.settimeout(min(waiting, self._remaining()))
        target = f"{url.path}?{url.query}" if url.query else url.path
        fields = format_fields([("Host", url.netloc), *request.headers.items()])
        send_all(stream.socket, f"{request.method} {target} HTTP/1.1\r\n{fields}\r\n".encode("latin-1"))
        while (head := parse_response(stream.read_head(_HEAD_LIMIT).decode("latin-1"))).status < HTTPStatus.OK:
            pass  # an interim response
        body = Body(stream, response_length(head, request.method or ""))
        response = requests.Response()
        response.raw = io.BytesIO(b"".join(body))
        response.request, response.url = request, request.url or ""
        response.status_code, response.reason = head.status, head.reason
        response.headers = CaseInsensitiveDict(head.fields)  # the last of repeated ones; no cookies, no codings
        response.encoding = requests.utils.get_encoding_from_headers(response.headers)
        if not head.keeps_alive or body.length == UNTIL_CLOSE or stream.has_buffered:
            self.close()
        return response

    def _connected(self, authority: str, timeout: float) -> Stream:
        """Return the open connection to the server, or a new one if the server closed it."""
        if self._stream and authority == self._authority and is_silent(self._stream.socket.fileno()):
            return self._stream
        self.close()
        server = urlsplit(f"//{authority}")
        plain = socket.create_connection((server.hostname or "", server.port or 80), min(timeout, self._remaining()))
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        bounded = _Socket(fileno=plain.detach())
        bounded.remaining = self._remaining
        self._authority, self._stream = authority, Stream(bounded)
        return self._stream


class _Socket(socket.socket):
    """Limits each wait to ``longest`` seconds and to the ``remaining`` time of the call."""

    longest = 0.0
    remaining: Callable[[], float]

    def recv(self, *args: Any) -> bytes:
        self.settimeout(min(self.longest, self.remaining()))
        return super().recv(*args)
