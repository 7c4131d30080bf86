"""The gunicorn worker.

gunicorn's request and response classes implement WSGI, which loses the case and order of header fields and has no
interim responses and no trailers; they also set their own ``Server``. A proxy must forward all of these. This worker
therefore keeps gunicorn's processes, signals and sockets, and reads and writes HTTP with ``libs/http1``.
"""

import time
from importlib import metadata
from typing import TYPE_CHECKING, Any
from wsgiref.types import WSGIApplication

import gevent
from gevent.socket import IPPROTO_TCP, TCP_NODELAY, socket
from gunicorn.workers.ggevent import GeventWorker

from http1.limits import Limits
from proxy.server.connection import IDLE_GRACE, ClientConnection

if TYPE_CHECKING:
    from proxy.tunnel import Tunnel


class GatewayWorker(GeventWorker):  # type: ignore[misc] # gunicorn is untyped
    """Serves each client connection in its own greenlet."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.idle: set[ClientConnection] = set()
        self.tunnels: set[Tunnel] = set()
        self.limits = Limits(
            line=self.cfg.limit_request_line,
            fields=self.cfg.limit_request_fields,
            field=self.cfg.limit_request_field_size,
        )
        self.idle_seconds = self.cfg.keepalive
        self.client_seconds = self.cfg.timeout or None  # 0 is gunicorn's "no limit"

    def patch(self) -> None:
        """Patch the standard library, and read the metadata of installed packages only once.

        gevent looks up entry points of other packages in each of its 25 steps, and would read all metadata each time.
        """
        entry_points = metadata.entry_points
        metadata.entry_points = entry_points().select
        try:
            super().patch()
        finally:
            metadata.entry_points = entry_points

    def handle(self, listener: socket, client: socket, addr: Any) -> None:
        """Serve one client until the connection ends; ``addr`` is empty for a Unix socket."""
        if addr:
            client.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
        scheme = "https" if self.cfg.is_ssl else "http"
        # Use the plain IPv4 address of an IPv4 client on a dual-stack socket.
        address = addr[0].removeprefix("::ffff:") if addr else ""
        ClientConnection(self, self._application(listener), client, address, scheme).serve()

    def _application(self, listener: socket) -> WSGIApplication:
        if listener is self.sockets[0]:
            public: WSGIApplication = self.wsgi
            return public
        # The address of METRICS_BIND. Imported here, after gevent has patched the process.
        from proxy.metrics import application

        return application

    def notify(self) -> None:
        """Tell gunicorn every second that the worker is alive, and close idle connections and tunnels."""
        super().notify()
        now = time.monotonic()
        for connection in list(self.idle):
            connection.stop_if_idle(now)
        for tunnel in list(self.tunnels):
            tunnel.stop_if_idle(now)

    def handle_exit(self, sig: int, frame: Any) -> None:
        """Shut down gracefully: complete running requests; close idle connections and tunnels after ``IDLE_GRACE``."""
        super().handle_exit(sig, frame)
        gevent.spawn_later(IDLE_GRACE, self._close_idle)

    def _close_idle(self) -> None:
        for connection in list(self.idle):
            connection.stop()
        for tunnel in list(self.tunnels):
            tunnel.close()
        gevent.spawn_later(IDLE_GRACE, self._close_idle)  # again, for tunnels that began meanwhile
