"""A client connection: reads requests one after another and sends the responses."""

import contextlib
import logging
import time
from typing import TYPE_CHECKING, Any, Literal, Protocol
from wsgiref.types import WSGIApplication

import gevent
from gevent.socket import SHUT_RD, SHUT_WR, socket

from http1.body import Body
from http1.environ import wsgi_environ
from http1.fields import MalformedError
from http1.head import parse_request
from http1.limits import Limits
from http1.refusal import refuse
from http1.response_writer import ResponseWriter
from http1.stream import PIECE, EndOfStreamError, Stream
from problems.refusal import render_refusal
from proxy.cooperative import cooperative
from proxy.errors import GatewayError
from proxy.received import ENVIRON_KEY, Received

if TYPE_CHECKING:
    from proxy.tunnel import Tunnel

logger = logging.getLogger(__name__)

IDLE_GRACE = 2.0  # seconds that idle connections stay open while the process stops
HEAD_SECONDS = 10.0  # for a whole head, from its first byte
_LINGER_SECONDS = 5.0  # for reading data that the client still sends after the response


class Worker(Protocol):
    """The attributes of the worker that a connection uses."""

    alive: bool  # False: the process is stopping
    idle: set["ClientConnection"]  # connections that wait for a request
    tunnels: set["Tunnel"]  # open tunnels
    limits: Limits
    idle_seconds: float  # keep-alive timeout between two requests
    client_seconds: float | None  # timeout of one read of a body, or one write of a response


class ClientConnection:
    """Serves one client until either side closes the connection."""

    def __init__(
        self, worker: Worker, application: WSGIApplication, client: socket, address: str, scheme: str
    ) -> None:
        self._worker = worker
        self._application = application
        self._socket = client
        self._stream = Stream(client)
        self._address = address
        self._scheme = scheme
        self._has_unread = True  # the client may be sending data that is not read
        self._idle_until = 0.0  # monotonic

    def serve(self) -> None:
        """Serve requests until the connection ends."""
        try:
            while self._serve_one():
                gevent.sleep(0)  # run other greenlets, even if the next request has arrived
        except (OSError, EndOfStreamError, GatewayError):
            logger.debug("Client disconnected")
            self._socket.close()
        else:
            if self._has_unread:
                self._linger()
            self._socket.close()

    def _linger(self) -> None:
        """Lingering close: discard data, so that a reset does not destroy the response (RFC 9112, section 9.6)."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(SHUT_WR)
            ends_at = time.monotonic() + _LINGER_SECONDS
            while (left := ends_at - time.monotonic()) > 0:
                self._socket.settimeout(left)
                if not self._socket.recv(PIECE):
                    break
                gevent.sleep(0)

    def stop(self) -> None:
        """Stop waiting for a request, as if the client had closed the connection."""
        with contextlib.suppress(OSError):  # already closed
            self._socket.shutdown(SHUT_RD)

    def stop_if_idle(self, now: float) -> None:
        """Stop after the keep-alive timeout; ``now`` is in seconds of ``time.monotonic``."""
        if self._idle_until < now and not self._stream.has_buffered:
            self.stop()

    def _serve_one(self) -> bool:
        """Serve one request; return whether to keep the connection alive."""
        head = ""
        try:
            head = self._read_head()
            started_at = time.monotonic()
            request = parse_request(head)
            self._worker.limits.check(head, request)
        except MalformedError as error:
            return self._refuse(error.status, str(error), head)
        except TimeoutError:
            return self._stream.has_buffered and self._refuse(408, "The request took too long to arrive.")
        self._socket.settimeout(self._worker.client_seconds)
        body = Body(self._stream, request.length)
        writer = ResponseWriter(self._socket, request, body, self._is_stopping)
        seconds = self._worker.client_seconds
        received = Received(request, body, self._address, self._scheme, writer.interim, seconds, supports_tunnels=True)
        # Imported here: gunicorn's main process loads this module before gevent patches the standard library.
        from proxy.spans import server_span

        with server_span(received, writer):
            try:
                self._run(received, writer)
            finally:  # interrupted responses are recorded, too
                if writer.status:
                    self._record(received, writer, time.monotonic() - started_at)
        if writer.must_drain:
            self._socket.settimeout(_LINGER_SECONDS)
            _drain(body)
        self._has_unread = not body.finished or self._stream.has_buffered
        return writer.keeps_connection and body.finished

    def _refuse(self, status: int, detail: str, head: str = "") -> Literal[False]:
        is_head = (head.encode("latin-1") or self._stream.peek(5)).startswith(b"HEAD ")
        return refuse(self._socket, status, detail, render_refusal, omits_body=is_head)

    @staticmethod
    def _record(received: Received, writer: ResponseWriter, seconds: float) -> None:
        from observability import access_log  # as in _serve_one
        from observability.polled import is_polled
        from proxy import metrics

        head, status = received.head, int(writer.status)
        metrics.count(received.route, head.method, status, seconds)
        if is_polled(head.path) and not received.replica:
            return
        access_log.log(
            method=head.method,
            path=head.path,
            status=status,
            size=writer.sent,
            seconds=seconds,
            client=received.client_address,
            request_id=writer.request_id,
            replica=received.replica,
            sender=received.principal.log_fields if received.principal else {},
        )

    def _read_head(self) -> str:
        self._stream.skip_empty_lines()
        if not self._stream.has_buffered:
            idle_seconds = IDLE_GRACE if self._is_stopping() else self._worker.idle_seconds
            self._idle_until = time.monotonic() + idle_seconds
            self._socket.settimeout(None)  # the worker closes idle connections; a timer for each wait would cost more
            self._worker.idle.add(self)
        try:
            head = self._stream.read_head(self._worker.limits.head, seconds=HEAD_SECONDS, skips_empty_lines=True)
        finally:
            self._worker.idle.discard(self)
        return head.decode("latin-1")

    def _is_stopping(self) -> bool:
        return not self._worker.alive

    def _run(self, received: Received, writer: ResponseWriter) -> None:
        # The WSGI body is empty: the body is forwarded from ``received`` or ignored.
        environ = wsgi_environ(received.head, client=received.client, scheme=received.scheme)
        environ[ENVIRON_KEY] = received
        response: Any = self._application(environ, writer.start_response)
        try:
            if tunnel := getattr(response, "tunnel", None):
                self._run_tunnel(tunnel, response, writer)
            else:
                writer.send(response)
        finally:
            response.close()

    def _run_tunnel(self, tunnel: "Tunnel", response: Any, writer: ResponseWriter) -> None:
        writer.keeps_connection = False
        writer.interim(response.status_code, response.reason_phrase, response.items())
        self._worker.tunnels.add(tunnel)
        try:
            writer.sent = tunnel.run(self._stream)
        finally:
            self._worker.tunnels.discard(tunnel)


def _drain(body: Body) -> None:
    for _ in cooperative(body):
        pass
