"""Forward a request to an upstream, with retries, and receive the head of the response."""

import contextlib
from functools import partial

import gevent

from calls.circuit_breaker import CircuitOpen
from http1.body import Body
from http1.fields import format_fields, values
from http1.head import UNTIL_CLOSE, ResponseHead, response_length
from http1.stream import never
from observability.request_id import bound_request_id
from proxy import spans
from proxy.errors import (
    FAILURES,
    BadResponseError,
    BrokenResponseError,
    CircuitOpenError,
    GatewayError,
    TotalTimeoutError,
    UpstreamError,
    from_failure,
)
from proxy.headers import request_fields, response_fields
from proxy.received import Received
from proxy.request_body import BufferedBody, StreamedBody
from proxy.response import ProxiedResponse
from proxy.retries import ATTEMPTS, backoff, is_idempotent, may_retry
from proxy.routes import Route
from proxy.tunnel import Tunnel
from proxy.upload import Upload
from proxy.upstreams.connection import Connection
from proxy.upstreams.replica import Replica
from proxy.upstreams.upstream import Upstream
from proxy.websocket import HANDSHAKE_FIELDS, SWITCHING_PROTOCOLS, is_accepted, is_handshake, upgrade_fields

_INTERIM = range(100, 200)


class Exchange:
    """Forwards the request ``received`` to ``upstream``."""

    def __init__(self, upstream: Upstream, route: Route, received: Received, request_id: str) -> None:
        self._upstream = upstream
        self._settings = upstream.settings
        self._route = route
        self._received = received
        self._request_id = request_id
        self._is_retryable = False
        self._is_handshake = is_handshake(received, route)
        self._timer: gevent.Timeout | None = None

    def run(self) -> ProxiedResponse:
        """Return the response; its body is read later.

        Raises:
            GatewayError: the request could not be forwarded, or the upstream did not respond.
        """
        prepare = BufferedBody if self._route.request_buffering else StreamedBody
        self._body: BufferedBody | StreamedBody = prepare(self._received, self._route.max_body)
        self._is_retryable = self._body.is_replayable and is_idempotent(self._received.head)
        if self._is_handshake:
            self._upstream.reserve_tunnel()
        try:
            with self._upstream.breaker.guard():
                self._start_timer()
                return self._forward_with_retries()
        except CircuitOpen as refusal:
            self._release()
            raise CircuitOpenError(refusal.retry_after) from refusal
        except BaseException:
            self._release()
            raise

    def _release(self) -> None:
        self._cancel_timer()
        self._body.close()
        if self._is_handshake:
            self._upstream.release_tunnel()

    def _forward_with_retries(self) -> ProxiedResponse:
        tried: list[Replica] = []
        while True:
            replica = self._upstream.choose(tried)
            if replica in tried:
                gevent.sleep(backoff(len(tried)))
            tried.append(replica)
            try:
                with spans.client_span(self._received, replica, resends=len(tried) - 1):
                    response = self._attempt(replica)
                    spans.note_response(response.status_code)
                    return response
            except UpstreamError as error:
                self._upstream.note_failure(replica, error)
                has_untried = any(other not in tried for other in self._upstream.replicas)
                retries = may_retry(error, is_retryable=self._is_retryable, has_untried=has_untried)
                if len(tried) == ATTEMPTS or not retries:
                    raise

    def _attempt(self, replica: Replica) -> ProxiedResponse:
        connection = replica.acquire(is_retryable=self._is_retryable)
        try:
            return self._attempt_on(replica, connection)
        except BrokenResponseError:
            if not connection.is_reused or not self._is_retryable:
                raise
        # The upstream had closed the idle connection, which is not a failure.
        return self._attempt_on(replica, replica.connect())

    def _attempt_on(self, replica: Replica, connection: Connection) -> ProxiedResponse:
        upload: Upload | None = None
        try:
            self._send(replica, connection)
            if pieces := self._body.pieces():
                upload = Upload(pieces, connection, self._settings.read_timeout)
                connection.stream.keeps_waiting = upload.is_moving
            head = self._final_head(connection)
            body = Body(connection.stream, response_length(head, self._received.head.method))
            # Read before the response is sent, so that a malformed body can still become a problem.
            first = next(iter(body), b"") if body.has_buffered else b""
        except BaseException as error:
            failure = upload and upload.failure(error)
            if upload:
                upload.stop()
            connection.close()
            if isinstance(error, (*FAILURES, TotalTimeoutError)):
                raise failure or from_failure(error) from error
            raise
        self._received.replica = replica.address
        fields = response_fields(head)
        if self._route.websockets:
            fields += upgrade_fields(head)
        on_end = partial(self._end, replica, connection, head, body, upload)
        response = ProxiedResponse(head, fields, first, body, on_end)
        if head.status == SWITCHING_PROTOCOLS:
            self._cancel_timer()
            response.tunnel = Tunnel(self._settings, connection.stream)
        return response

    def _end(
        self,
        replica: Replica,
        connection: Connection,
        head: ResponseHead,
        body: Body,
        upload: Upload | None,
        error: GatewayError | None,
    ) -> None:
        """Release or close the connection after the end of the response body, or after its failure with ``error``."""
        if isinstance(cause := (error and upload and upload.failure(error)) or error, UpstreamError):
            with bound_request_id(self._request_id):  # RequestIdMiddleware has returned
                self._upstream.note_failure(replica, cause)
        is_sent = upload is None or upload.is_complete
        if upload and not is_sent:
            upload.stop()
        self._release()
        connection.stream.keeps_waiting = never
        if error is None and is_sent and head.keeps_alive and body.length != UNTIL_CLOSE and not body.has_buffered:
            replica.release(connection)
        else:
            connection.close()

    def _start_timer(self) -> None:
        if self._settings.total_timeout:
            error = TotalTimeoutError("The upstream did not respond in time.")
            self._timer = gevent.Timeout.start_new(self._settings.total_timeout, error)

    def _cancel_timer(self) -> None:
        if self._timer:
            self._timer.close()

    def _final_head(self, connection: Connection) -> ResponseHead:
        while True:
            head = connection.read_head()
            if head.status not in _INTERIM:
                return head
            if head.status == SWITCHING_PROTOCOLS:
                if self._is_handshake and is_accepted(head):
                    return head
                raise BadResponseError("The upstream switched to a protocol that was not requested.")
            with contextlib.suppress(OSError):  # the client disconnected, which is not a failure of the upstream
                self._received.send_interim(head.status, head.reason, response_fields(head))

    def _send(self, replica: Replica, connection: Connection) -> None:
        head = self._received.head
        has_host = self._settings.preserve_host and values(head.fields, "host")
        host = None if has_host else replica.authority
        principal = self._received.principal
        identity = principal.identity(self._settings.name) if principal else ""
        fields = request_fields(self._received, host, self._request_id, identity)
        if self._is_handshake:
            fields += HANDSHAKE_FIELDS
        text = f"{head.method} {head.target} HTTP/1.1\r\n{format_fields(fields)}\r\n"
        try:
            connection.send(text.encode("latin-1") + self._body.beginning)
        except TimeoutError:
            raise
        except OSError:
            return  # the upstream may have responded before it closed the connection
