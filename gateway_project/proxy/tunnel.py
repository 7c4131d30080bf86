"""A tunnel between a client and an upstream after both switched to WebSocket."""

import contextlib
import time

import gevent
from gevent.socket import SHUT_RDWR, SHUT_WR, socket
from gevent.ssl import SSLSocket
from prometheus_client import Counter

from http1.stream import PIECE, EndOfStreamError, Stream, send_all
from proxy import metrics
from proxy.routes import UpstreamSettings

_CLOSING_SECONDS = 5.0  # idle timeout after one side has closed


class Tunnel:
    """Copies bytes in both directions until both sides close or the idle timeout expires."""

    def __init__(self, settings: UpstreamSettings, upstream: Stream) -> None:
        self._upstream = upstream
        self._sockets = [upstream.socket]
        self._name = settings.name
        self._idle_seconds = settings.tunnel_idle_timeout
        self._moved_at = time.monotonic()

    def run(self, client: Stream) -> int:
        """Copy until the tunnel ends; return the number of bytes sent to the client."""
        self._sockets.append(client.socket)
        for side in self._sockets:
            side.settimeout(None)  # the worker closes idle tunnels
        self._moved_at = time.monotonic()
        open_tunnels = metrics.TUNNELS.labels(self._name)
        open_tunnels.inc()
        sent = metrics.TUNNEL_BYTES.labels(self._name, "to_upstream")
        upload = gevent.spawn(self._pump, client, self._upstream.socket, sent)
        try:
            size = self._pump(self._upstream, client.socket, metrics.TUNNEL_BYTES.labels(self._name, "to_client"))
            upload.join()
            return size
        finally:
            upload.kill()
            open_tunnels.dec()

    def _pump(self, source: Stream, target: socket, counter: Counter) -> int:
        size = 0
        try:
            while True:
                piece = source.read(PIECE)
                self._moved_at = time.monotonic()
                send_all(target, piece)
                size += len(piece)
                counter.inc(len(piece))
                gevent.sleep(0)  # run other greenlets, even if more data has arrived
        except EndOfStreamError:
            self._idle_seconds = min(self._idle_seconds, _CLOSING_SECONDS)
            if not isinstance(target, SSLSocket):  # its shutdown would end reading as well
                with contextlib.suppress(OSError):
                    target.shutdown(SHUT_WR)
        except OSError:
            self.close()
        return size

    def stop_if_idle(self, now: float) -> None:
        """Close the tunnel after the idle timeout; ``now`` is in seconds of ``time.monotonic``."""
        if now - self._moved_at > self._idle_seconds:
            self.close()

    def close(self) -> None:
        """Close both directions."""
        for side in self._sockets:
            with contextlib.suppress(OSError):
                side.shutdown(SHUT_RDWR)
