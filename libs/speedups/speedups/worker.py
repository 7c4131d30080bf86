"""The gunicorn worker of the services: threads that wait for requests together, and a stop that resets no connection.

All threads wait at one epoll, and the one that gets the end of a request answers it (docs/adr/0015): slow and stalled
requests hold a bounded amount of memory, and no thread (docs/adr/0022). A worker that is told to stop accepts what is
in its listener's queue and closes the listener at once. ``gthread`` keeps it open until its last connection is closed,
and the requests that came into the queue meanwhile are lost.
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

_HEAD_BYTES = 262_144  # the gateway takes half of it, and adds some fields
_ONCE = select.EPOLLIN | select.EPOLLONESHOT  # one thread gets the event; the next one only after ``modify``
_ONCE_WRITABLE = select.EPOLLOUT | select.EPOLLONESHOT
_TICK_SECONDS, _STOPPING_TICK_SECONDS = 1.0, 0.05  # of the main thread, which tells gunicorn that it lives
_STOPPING_LINGER_SECONDS = 2.0  # for the next request of a client who has just got an answer


class SharedPollWorker(Worker):  # type: ignore[misc] # gunicorn has no types
    """Reads requests and answers them in ``cfg.threads`` threads that share one epoll.

    A thread takes what has come of a request, without waiting for more, and gives it to the application once it is
    whole (a little over ``most_body_bytes`` at most). The main thread closes connections that were idle for too long,
    refuses requests that take longer than ``cfg.timeout`` seconds to arrive, and sees to the end of the process.
    """

    alive: bool
    sockets: list[socket.socket]
    most_body_bytes = MAX_BODY_BYTES  # a larger body is refused by BodyLimitMiddleware, or an error for its reader
    most_unfinished_bytes = 64 * 2**20  # that a process holds of requests that are not complete

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.cfg.is_ssl:
            raise ConfigError("TLS ends in front of the services, not in them.")
        line, fields, field = (getattr(self.cfg, f"limit_request_{name}") for name in ("line", "fields", "field_size"))
        self._limits = Limits(line=line, fields=fields, field=field, head=_HEAD_BYTES)
        self._connections: set[Connection] = set()
        # Those that wait for a request, by file descriptor. Whoever takes one out of here, in one step, has it.
        self._idle: dict[int, Connection] = {}

    def run(self) -> None:
        """Serve until told to stop, then for as long as what has begun takes, up to ``cfg.graceful_timeout``."""
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
                connection.timeout = min(connection.timeout, stopped_at + _STOPPING_LINGER_SECONDS)
        while self._connections and time.monotonic() < stopped_at + self.cfg.graceful_timeout:
            self._tick(_STOPPING_TICK_SECONDS)

    def _tick(self, seconds: float) -> None:
        """Wait for a signal; then do what is due."""
        self.notify()
        if select.select([self.PIPE[0]], [], [], seconds)[0]:
            os.read(self.PIPE[0], 4096)
        now = time.monotonic()
        for number, connection in list(self._idle.items()):
            if connection.timeout < now and (overdue := self._idle.pop(number, None)):
                overdue.expire()
                self._close(overdue)
        if self.alive:
            self._listen_again()

    def _listen_again(self) -> None:
        """Let the next one connect, where there is room."""
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
        """Answer requests, for as long as the process runs: one of the threads."""
        while True:
            try:
                for number, _ in self._epoll.poll(maxevents=1):
                    self._attend_to(number)
            except Exception:
                self.log.exception("A thread goes on after an error")

    def _attend_to(self, number: int) -> None:
        if listener := self._listeners.get(number):
            self._accept_all(listener)
        elif connection := self._idle.pop(number, None):
            is_there = False
            try:
                is_there = connection.receive() and (self._respond(connection) or connection.end())
            finally:
                if is_there:
                    self._wait(connection, self._epoll.modify)
                else:
                    self._close(connection)

    def _respond(self, connection: Connection) -> bool:
        """Answer the requests that are complete; return whether the connection can carry another."""
        if not connection.serve(self.handle):
            return False
        unfinished = connection.reader.size and sum(one.reader.size for one in list(self._connections))
        has_room = unfinished <= self.most_unfinished_bytes
        return has_room or connection.refuse(503, "Too many requests arrive too slowly.")

    def handle(self, connection: Connection, request: WholeRequest) -> bool:
        """Answer a request; return whether the connection can carry another; end after ``cfg.max_requests``."""
        self.nr += 1
        if self.nr >= self.max_requests and self.alive:
            self.log.info("Autorestarting worker after current request.")
            self.alive = False
        return connection.respond(self.wsgi, request, lambda: not self.alive, self.log)

    def _accept_all(self, listener: socket.socket) -> None:
        """Accept every client in the queue, where there is room: one a turn would let them wait for all others."""
        try:
            while len(self._connections) < self.cfg.worker_connections:
                self._accept(listener)
        except OSError as error:  # the queue is empty, a client is gone again, or the listener was closed just now
            if self.alive and not isinstance(error, BlockingIOError | ConnectionAbortedError):
                raise
        self._listen_again()

    def _accept(self, listener: socket.socket) -> None:
        """Take one who has connected; raise BlockingIOError where there is nobody."""
        client, address = listener.accept()
        client.settimeout(None)
        reader = RequestReader(self._limits, self.most_body_bytes)
        self._wait(Connection(client, address, reader, render_refusal), self._epoll.register)

    def _wait(self, connection: Connection, arm: Any) -> None:
        linger = self.cfg.keepalive if self.alive else _STOPPING_LINGER_SECONDS
        connection.update_timeout(linger, self.cfg.timeout or math.inf)  # 0 is gunicorn's "no limit"
        self._connections.add(connection)
        self._idle[number := connection.sock.fileno()] = connection
        arm(number, _ONCE_WRITABLE if connection.is_blocked else _ONCE)

    def _close(self, connection: Connection) -> None:
        self._connections.discard(connection)
        connection.sock.close()
