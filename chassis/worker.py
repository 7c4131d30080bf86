"""The gunicorn worker of the services: threads that wait for requests together, and a stop that resets no connection.

In gunicorn's own ``gthread`` one thread waits for requests; it hands each one to another thread, which hands the
connection back. That is a fifth of what a small request costs (docs/adr/0015). Here all threads wait at one epoll, and
the one that gets a request answers it.

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

from gunicorn.http.message import Request
from gunicorn.http.wsgi import FileWrapper, create
from gunicorn.workers.base import Worker
from gunicorn.workers.gthread import STOP_KEEPALIVE_LINGER, TConn, ThreadWorker

from chassis.response import OnePieceResponse

_ONCE = select.EPOLLIN | select.EPOLLONESHOT  # one thread gets the event; the next one only after ``modify``
_TICK_SECONDS = 1.0  # of the main thread, which tells gunicorn that it lives
_STOPPING_TICK_SECONDS = 0.05


class SharedPollWorker(ThreadWorker):  # type: ignore[misc] # gunicorn has no types
    """Reads requests and answers them as ``ThreadWorker`` does, in ``cfg.threads`` threads that share one epoll.

    The main thread closes connections that were idle for too long, ends the waiting for requests that take more than
    ``cfg.timeout`` seconds to arrive, and sees to the end of the process.
    """

    # Nothing is handed between threads, so no signal has anything to wake but the main thread's ``select``.
    handle_exit = Worker.handle_exit
    handle_quit = Worker.handle_quit

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._connections: set[TConn] = set()
        # Those that wait for a request, by file descriptor. Whoever takes one out of here, in one step, has it.
        self._idle: dict[int, TConn] = {}

    def init_process(self) -> None:
        """Make what a process needs for itself, and run."""
        self._epoll = select.epoll()
        Worker.init_process(self)

    def run(self) -> None:
        """Serve until told to stop, then for as long as what has begun takes, up to ``cfg.graceful_timeout``."""
        self._listeners = {listener.fileno(): listener for listener in self.sockets}
        for number, listener in self._listeners.items():
            listener.settimeout(0)
            self._epoll.register(number, _ONCE)
        for _ in range(self.cfg.threads):
            threading.Thread(target=self._serve, daemon=True).start()
        while self.alive and self.is_parent_alive():
            self._tick(_TICK_SECONDS)
        self._stop_listening()
        stopped_at = time.monotonic()
        for connection in list(self._idle.values()):
            connection.timeout = min(connection.timeout, stopped_at + STOP_KEEPALIVE_LINGER)
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
        if len(self._connections) < self.worker_connections:
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
            try:
                self._accept(listener)
            except (BlockingIOError, ConnectionAbortedError):
                pass  # another process was faster, or the client is gone again
            except OSError:
                if self.alive:  # else the listener was closed in this moment
                    raise
            self._listen_again()
        elif connection := self._idle.pop(number, None):
            keeps_open = False
            try:
                keeps_open = self._answer(connection)
            finally:
                if keeps_open:
                    self._wait_for_request(connection, self._epoll.modify)
                else:
                    self._close(connection, graceful=True)

    def _answer(self, connection: TConn) -> bool:
        """Answer a request, and those that came with it; return whether the connection can carry another."""
        connection.data_ready = True
        connection.timeout = time.monotonic() + (self.cfg.timeout or math.inf)  # 0 is gunicorn's "no limit"
        while keeps_open := self.handle(connection):
            if not connection.parser.unreader.buf.getvalue():
                break
        return bool(keeps_open)

    def handle_request(self, request: Request, connection: TConn) -> bool:
        """Run the application; return whether the connection can carry another request."""
        response, environ = create(
            request, connection.sock, connection.client, connection.server, self.cfg, OnePieceResponse
        )
        environ["wsgi.multithread"] = True
        self.nr += 1
        if self.nr >= self.max_requests and self.alive:
            self.log.info("Autorestarting worker after current request.")
            self.alive = False
        if not self.alive or not self.cfg.keepalive:
            response.force_close()
        pieces = self.wsgi(environ, response.start_response)
        try:
            if isinstance(pieces, FileWrapper):
                response.write_file(pieces)
            else:
                for piece in pieces:
                    response.write(piece)
            response.close()
        except Exception as error:
            if not response.headers_sent or isinstance(error, OSError):
                raise
            # A second answer in the middle of the first would be taken for its body.
            self.log.exception("Error handling request")
            raise StopIteration from error
        finally:
            if hasattr(pieces, "close"):
                pieces.close()
        return not response.should_close()

    def _accept(self, listener: socket.socket) -> None:
        """Take one who has connected; raise BlockingIOError where there is nobody."""
        client, address = listener.accept()
        connection = TConn(self.cfg, client, address, listener.getsockname())
        self._wait_for_request(connection, self._epoll.register)

    def _wait_for_request(self, connection: TConn, arm: Any) -> None:
        linger = self.cfg.keepalive if self.alive else STOP_KEEPALIVE_LINGER
        connection.timeout = time.monotonic() + linger
        number = connection.sock.fileno()
        self._connections.add(connection)
        self._idle[number] = connection
        arm(number, _ONCE)

    def _close(self, connection: TConn, *, graceful: bool) -> None:
        with contextlib.suppress(OSError):
            connection.close(graceful=graceful)
        self._connections.discard(connection)
