"""The gunicorn worker of the services: threads that wait for requests together, and a stop that resets no connection.

In gunicorn's own ``gthread`` one thread waits for requests; it hands each one to another thread, which hands the
connection back. That is a fifth of what a small request costs (docs/adr/0015). Here all threads wait at one epoll, and
the one that gets a request answers it. Requests are read and answers written with the gateway's codec (docs/adr/0017).

A ``gthread`` worker that is told to stop keeps its listening socket open until its last connection is closed. The
kernel still completes connections meanwhile, puts them in the socket's queue, and resets them when the socket is
closed: a request sent on one is lost, and where it must not be repeated, it fails. This worker takes what is in the
queue and closes the socket at once: who comes later is refused, knows that nothing was sent, and can go elsewhere.
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
from gunicorn.util import close_graceful
from gunicorn.workers.base import Worker

from chassis.refusal import render_refusal
from chassis.request_body import MAX_BODY_BYTES
from http1.answer import Answer
from http1.environ import wsgi_environ
from http1.head import CHUNKED
from http1.limits import Limits
from http1.refusal import refuse
from http1.stream import EndOfStreamError, Stream
from speedups.whole_request import receive

_HEAD_BYTES = 262_144  # the gateway takes half of it, and adds some fields
_ONCE = select.EPOLLIN | select.EPOLLONESHOT  # one thread gets the event; the next one only after ``modify``
_TICK_SECONDS = 1.0  # of the main thread, which tells gunicorn that it lives
_STOPPING_TICK_SECONDS = 0.05
_STOPPING_LINGER_SECONDS = 2.0  # for the next request of a client who has just got an answer


class Connection:
    """A client's connection, and the instant (of ``time.monotonic``) at which waiting for its client ends."""

    def __init__(self, client: socket.socket, address: str) -> None:
        self.sock = client
        self.stream = Stream(client)
        self.address = address
        self.timeout = math.inf


class SharedPollWorker(Worker):  # type: ignore[misc] # gunicorn has no types
    """Reads requests and answers them in ``cfg.threads`` threads that share one epoll.

    A request is read whole, up to one byte over ``MAX_BODY_BYTES``, and then given to the application: one that does
    not come to its end, or is malformed, never reaches it. The main thread closes connections that were idle for too
    long, ends the waiting for requests that take more than ``cfg.timeout`` seconds to arrive, and sees to the end of
    the process.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.cfg.is_ssl:
            raise ConfigError("TLS ends in front of the services, not in them.")
        self._limits = Limits(
            line=self.cfg.limit_request_line,
            fields=self.cfg.limit_request_fields,
            field=self.cfg.limit_request_field_size,
            head=_HEAD_BYTES,
        )
        self._connections: set[Connection] = set()
        # Those that wait for a request, by file descriptor. Whoever takes one out of here, in one step, has it.
        self._idle: dict[int, Connection] = {}

    def init_process(self) -> None:
        """Make what a process needs for itself, and run."""
        self._epoll = select.epoll()
        super().init_process()

    def run(self) -> None:
        """Serve until told to stop, then for as long as what has begun takes, up to ``cfg.graceful_timeout``."""
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
            connection.timeout = min(connection.timeout, stopped_at + _STOPPING_LINGER_SECONDS)
        while self._connections and time.monotonic() < stopped_at + self.cfg.graceful_timeout:
            self._tick(_STOPPING_TICK_SECONDS)

    def _tick(self, seconds: float) -> None:
        """Wait for a signal; then do what is due."""
        self.notify()
        if select.select([self.PIPE[0]], [], [], seconds)[0]:
            os.read(self.PIPE[0], 4096)
        now = time.monotonic()
        for connection in [one for one in self._connections.copy() if one.timeout < now]:
            with contextlib.suppress(OSError):
                if self._idle.pop(connection.sock.fileno(), None):
                    self._close(connection, graceful=False)
                else:  # whoever waits for the rest of the request finds that there is none; an answer still goes out
                    connection.sock.shutdown(socket.SHUT_RD)
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
            keeps_open = False
            try:
                keeps_open = self._answer(connection)
            finally:
                if keeps_open:
                    self._wait_for_request(connection, self._epoll.modify)
                else:
                    self._close(connection, graceful=True)

    def _answer(self, connection: Connection) -> bool:
        """Answer a request, and those that came with it; return whether the connection can carry another."""
        connection.timeout = time.monotonic() + (self.cfg.timeout or math.inf)  # 0 is gunicorn's "no limit"
        while keeps_open := self.handle(connection):
            if not connection.stream.has_buffered:
                break
        return keeps_open

    def handle(self, connection: Connection) -> bool:
        """Answer a request; return whether the connection can carry another."""
        try:
            received = receive(connection.stream, self._limits, MAX_BODY_BYTES)
        except (OSError, EndOfStreamError):
            return False  # the client is gone, or took too long
        if received is None:
            return False
        request, body, content = received
        self._count()
        answer = Answer(connection.sock, request, body, self._is_stopping)
        environ = wsgi_environ(request, client=connection.address, body=content)
        if request.length is CHUNKED:  # PEP 3333 knows bodies by their length only
            environ["CONTENT_LENGTH"] = str(len(content))
        self._run(connection, environ, answer)
        return answer.keeps_connection and body.finished

    def _count(self) -> None:
        """End the process after ``cfg.max_requests`` requests."""
        self.nr += 1
        if self.nr >= self.max_requests and self.alive:
            self.log.info("Autorestarting worker after current request.")
            self.alive = False

    def _run(self, connection: Connection, environ: dict[str, object], answer: Answer) -> None:
        """Let the application answer; an error, of which Django leaves none, ends the connection."""
        pieces: Any = ()
        try:
            pieces = self.wsgi(environ, answer.start_response)
            answer.send(pieces)
        except Exception as error:
            answer.keeps_connection = False
            if isinstance(error, ConnectionError):
                return  # the client is gone
            self.log.exception("Error handling request")
            if not answer.has_begun:
                refuse(connection.sock, 500, "The server failed; the error has been logged.", render_refusal)
        finally:
            if hasattr(pieces, "close"):
                pieces.close()

    def _is_stopping(self) -> bool:
        return not self.alive

    def _accept_all(self, listener: socket.socket) -> None:
        """Accept every client in the queue, where there is room: one a turn would let them wait for all others."""
        try:
            while len(self._connections) < self.cfg.worker_connections:
                self._accept(listener)
        except (BlockingIOError, ConnectionAbortedError):
            pass  # the queue is empty, or the client is gone again
        except OSError:
            if self.alive:  # else the listener was closed in this moment
                raise
        self._listen_again()

    def _accept(self, listener: socket.socket) -> None:
        """Take one who has connected; raise BlockingIOError where there is nobody."""
        client, address = listener.accept()
        client.setblocking(True)  # noqa: FBT003 - the standard library's signature
        self._wait_for_request(Connection(client, address[0] if address else ""), self._epoll.register)

    def _wait_for_request(self, connection: Connection, arm: Any) -> None:
        linger = self.cfg.keepalive if self.alive else _STOPPING_LINGER_SECONDS
        connection.timeout = time.monotonic() + linger
        number = connection.sock.fileno()
        self._connections.add(connection)
        self._idle[number] = connection
        arm(number, _ONCE)

    def _close(self, connection: Connection, *, graceful: bool) -> None:
        with contextlib.suppress(OSError):
            (close_graceful if graceful else socket.socket.close)(connection.sock)
        self._connections.discard(connection)
