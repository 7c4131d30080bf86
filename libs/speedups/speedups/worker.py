"""A gunicorn worker whose threads share one epoll instance, with a graceful shutdown that resets no connection.

A request is handled in the thread that receives its last byte (docs/adr/0015). Slow and stalled requests hold bounded
memory, but no thread (docs/adr/0022). On shutdown the worker accepts the connections in the listener's backlog and
closes the listener immediately. ``gthread`` closes the listener after its last connection, and connections that arrive
in the backlog meanwhile are reset.
"""

import contextlib
import math
import os
import select
import socket
import threading
import time
from typing import Any

from gunicorn.errors import ConfigError
from gunicorn.workers.base import Worker

from chassis.request_body import MAX_BODY_BYTES
from http1.connection import Connection
from http1.limits import Limits
from http1.request_reader import RequestReader, WholeRequest
from problems.refusal import render_refusal

_HEAD_BYTES = 262_144  # twice the gateway's limit, because the gateway adds header fields
_ONCE = select.EPOLLIN | select.EPOLLONESHOT  # one thread receives the event, until ``modify`` arms it again
_ONCE_WRITABLE = select.EPOLLOUT | select.EPOLLONESHOT
_TICK_SECONDS, _STOPPING_TICK_SECONDS = 1.0, 0.05  # interval of the main thread's heartbeat to gunicorn
_STOPPING_IDLE_SECONDS = 2.0  # idle timeout during shutdown, for requests that a client is about to send


class SharedPollWorker(Worker):  # type: ignore[misc] # gunicorn has no types
    """Serves requests in ``cfg.threads`` threads that share one epoll instance.

    The threads read without blocking, buffer incomplete requests, and call the application with complete ones.
    The main thread closes idle connections, responds with 408 to requests that take longer than ``cfg.timeout``
    seconds to arrive, and shuts the process down.
    """

    alive: bool
    sockets: list[socket.socket]
    most_body_bytes = MAX_BODY_BYTES  # reading a larger body raises OSError; BodyLimitMiddleware refuses it first
    most_unfinished_bytes = 64 * 2**20  # memory limit of all incomplete requests of a process

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.cfg.is_ssl:
            raise ConfigError("TLS is not supported: terminate it in front of the services.")
        line, fields, field = (getattr(self.cfg, f"limit_request_{name}") for name in ("line", "fields", "field_size"))
        self._limits = Limits(line=line, fields=fields, field=field, head=_HEAD_BYTES)
        self._connections: set[Connection] = set()
        # Connections armed in the epoll, by file descriptor. ``dict.pop`` is atomic: the thread that pops one owns it.
        self._idle: dict[int, Connection] = {}

    def run(self) -> None:
        """Serve until stopped; then finish open requests for at most ``cfg.graceful_timeout`` seconds."""
        self._epoll = select.epoll()
        self._listeners = {listener.fileno(): listener for listener in self.sockets}
        for number, listener in self._listeners.items():
            listener.settimeout(0)
            self._epoll.register(number, _ONCE)
        for _ in range(self.cfg.threads):
            threading.Thread(target=self._serve, daemon=True).start()
        while self.alive and os.getppid() == self.ppid:
            self._tick(_TICK_SECONDS)
        self._stop_listening()
        stopped_at = time.monotonic()
        for connection in list(self._idle.values()):
            if not connection.reader.is_reading:
                connection.expires_at = min(connection.expires_at, stopped_at + _STOPPING_IDLE_SECONDS)
        while self._connections and time.monotonic() < stopped_at + self.cfg.graceful_timeout:
            self._tick(_STOPPING_TICK_SECONDS)

    def _tick(self, seconds: float) -> None:
        """Send a heartbeat, wait for a signal, expire connections, and resume accepting."""
        self.notify()
        if select.select([self.PIPE[0]], [], [], seconds)[0]:
            os.read(self.PIPE[0], 4096)
        now = time.monotonic()
        for number, connection in list(self._idle.items()):
            if connection.expires_at < now and (overdue := self._idle.pop(number, None)):
                overdue.expire()
                self._close(overdue)
        if self.alive:
            self._resume_accepting()

    def _resume_accepting(self) -> None:
        """Accept connections again, up to ``cfg.worker_connections``."""
        if len(self._connections) < self.cfg.worker_connections:
            for number in self._listeners:
                self._epoll.modify(number, _ONCE)

    def _stop_listening(self) -> None:
        self._listeners = {}
        for listener in self.sockets:
            with contextlib.suppress(OSError):
                while True:
                    self._accept(listener)
            listener.close()
        self.sockets = []

    def _serve(self) -> None:
        """Handle epoll events; the main loop of a thread."""
        while True:
            try:
                for number, _ in self._epoll.poll(maxevents=1):
                    self._handle_event(number)
            except Exception:
                self.log.exception("Unhandled error in a worker thread")

    def _handle_event(self, number: int) -> None:
        if listener := self._listeners.get(number):
            self._accept_all(listener)
        elif connection := self._idle.pop(number, None):
            stays_open = False
            try:
                stays_open = connection.receive() and (self._respond(connection) or connection.end())
            finally:
                if stays_open:
                    self._wait(connection, self._epoll.modify)
                else:
                    self._close(connection)

    def _respond(self, connection: Connection) -> bool:
        """Serve the complete requests; return whether the connection stays open."""
        if not connection.serve(self.handle):
            return False
        unfinished = connection.reader.size and sum(one.reader.size for one in list(self._connections))
        has_room = unfinished <= self.most_unfinished_bytes
        return has_room or connection.refuse(503, "The server holds too many incomplete requests.")

    def handle(self, connection: Connection, request: WholeRequest) -> bool:
        """Serve a request; return whether the connection stays open. Stop the worker after ``cfg.max_requests``."""
        self.nr += 1
        if self.nr >= self.max_requests and self.alive:
            self.log.info("Autorestarting worker after current request.")
            self.alive = False
        return connection.respond(self.wsgi, request, lambda: not self.alive, self.log)

    def _accept_all(self, listener: socket.socket) -> None:
        """Accept all clients in the backlog: one per event would delay each behind the requests of the others."""
        try:
            while len(self._connections) < self.cfg.worker_connections:
                self._accept(listener)
        except OSError as error:  # empty backlog, closed connection or closed listener
            if self.alive and not isinstance(error, BlockingIOError | ConnectionAbortedError):
                raise
        self._resume_accepting()

    def _accept(self, listener: socket.socket) -> None:
        """Accept one connection; raise BlockingIOError if the backlog is empty."""
        client, address = listener.accept()
        client.settimeout(None)
        reader = RequestReader(self._limits, self.most_body_bytes)
        self._wait(Connection(client, address, reader, render_refusal), self._epoll.register)

    def _wait(self, connection: Connection, arm: Any) -> None:
        idle_seconds = self.cfg.keepalive if self.alive else _STOPPING_IDLE_SECONDS
        connection.update_expiry(idle_seconds, self.cfg.timeout or math.inf)  # a timeout of 0 is no limit
        self._connections.add(connection)
        self._idle[number := connection.sock.fileno()] = connection
        arm(number, _ONCE_WRITABLE if connection.is_blocked else _ONCE)

    def _close(self, connection: Connection) -> None:
        self._connections.discard(connection)
        connection.sock.close()
