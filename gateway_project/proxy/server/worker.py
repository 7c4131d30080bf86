"""The gunicorn worker.

gunicorn's own request and response classes serve WSGI, which knows no letter case and no order of headers, no
interim answer, no trailer, and a fixed ``Server``. A proxy has to hand all of them on, so this worker keeps gunicorn's
processes, signals and sockets and reads and writes HTTP itself, with the codec that the upstream side uses too.
"""

import time
from typing import Any
from wsgiref.types import WSGIApplication

import gevent
from gevent.socket import IPPROTO_TCP, TCP_NODELAY, socket
from gunicorn.workers.ggevent import GeventWorker

from http1.limits import Limits
from proxy.server.connection import IDLE_GRACE, ClientConnection


class GatewayWorker(GeventWorker):  # type: ignore[misc] # gunicorn is untyped
    """Serves each client connection in a greenlet of its own."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.idle: set[ClientConnection] = set()
        self.limits = Limits(
            line=self.cfg.limit_request_line,
            fields=self.cfg.limit_request_fields,
            field=self.cfg.limit_request_field_size,
        )
        self.idle_seconds = self.cfg.keepalive
        self.client_seconds = self.cfg.timeout or None  # 0 is gunicorn's "no limit"

    def handle(self, listener: socket, client: socket, addr: Any) -> None:
        """Serve one client until the connection ends; ``addr`` is empty for a Unix socket."""
        if addr:
            client.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
        scheme = "https" if self.cfg.is_ssl else "http"
        # An IPv4 client of a socket that listens on both kinds is known by its own address.
        address = addr[0].removeprefix("::ffff:") if addr else ""
        ClientConnection(self, self._application(listener), client, address, scheme).serve()

    def _application(self, listener: socket) -> WSGIApplication:
        if listener is self.sockets[0]:
            public: WSGIApplication = self.wsgi
            return public
        # The address of METRICS_BIND. Imported here, as gevent has patched this process by now.
        from proxy.metrics import application

        return application

    def notify(self) -> None:
        """Tell gunicorn that the process lives, as every second, and close connections that were idle for too long."""
        super().notify()
        now = time.monotonic()
        for connection in list(self.idle):
            connection.stop_if_idle(now)

    def handle_exit(self, sig: int, frame: Any) -> None:
        """Stop: running requests end, and idle connections are closed after a moment."""
        super().handle_exit(sig, frame)
        gevent.spawn_later(IDLE_GRACE, self._close_idle)

    def _close_idle(self) -> None:
        for connection in list(self.idle):
            connection.stop()
