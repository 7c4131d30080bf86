"""A replica of an upstream, with its pool of idle connections."""

import time
from ipaddress import ip_address
from socket import AddressFamily
from typing import NamedTuple

from gevent import socket
from gevent.ssl import SSLContext

from proxy import metrics
from proxy.errors import ConnectTimeoutError, UnreachableError
from proxy.routes import UpstreamSettings
from proxy.upstreams.connection import Connection
from proxy.upstreams.tls import start_tls

_MAX_IDLE = 512  # size of the pool
_IDLE_SECONDS = 60.0
_SURELY_OPEN_SECONDS = 1.0  # shorter than the keep-alive timeouts of servers


class Server(NamedTuple):
    """The host and port of a URL, and the TLS context if it is https."""

    host: str
    port: int
    tls: SSLContext | None = None


class Replica:
    """The server at ``address``, an IP address of its host; without ``address``, at the host itself."""

    def __init__(self, settings: UpstreamSettings, server: Server, address: str = "") -> None:
        host, port, self._tls = server
        self.scheme = "https" if self._tls else "http"
        self.authority = _authority(host, port)  # host and port for Host and logs
        self.address = _authority(address or host, port)  # host and port to connect to
        self.is_healthy = True
        self.is_retired = False
        self.ejected_gauge = metrics.EJECTED.labels(settings.name, self.address)
        self.last_error = ""
        self.probe_path = settings.probe_path
        self._host = host
        self._address = (address or host, port)
        self._family = family(address or host)
        self._settings = settings
        self._idle: list[Connection] = []

    def connect(self) -> Connection:
        """Open a connection.

        Raises:
            UnreachableError: the connection failed, or (``ConnectTimeoutError``) took longer than ``connect_timeout``.
            TlsError: the TLS handshake failed.
        """
        ends_at = time.monotonic() + self._settings.connect_timeout
        try:
            connected = self._open()
        except TimeoutError as error:
            raise ConnectTimeoutError("No connection to the upstream in time.") from error
        except OSError as error:
            raise UnreachableError(f"No connection to the upstream: {error.strerror or error}.") from error
        if self._tls:
            connected = start_tls(connected, self._tls, self._host, ends_at - time.monotonic())
        return Connection(connected, self._settings.read_timeout)

    def _open(self) -> socket.socket:
        timeout = self._settings.connect_timeout
        if self._family is None:
            return socket.create_connection(self._address, timeout=timeout)
        connected = socket.socket(self._family, socket.SOCK_STREAM)
        try:
            connected.settimeout(timeout)
            connected.connect(self._address)
        except BaseException:
            connected.close()
            raise
        return connected

    def acquire(self, *, is_retryable: bool) -> Connection:
        """Acquire an idle connection, or open a new one.

        The upstream may close an idle connection just as a request is sent on it. A request that must not be retried
        therefore gets only a connection that was used within the last second.

        Raises:
            UnreachableError, TlsError: as ``connect``.
        """
        now = time.monotonic()
        longest = _IDLE_SECONDS if is_retryable else _SURELY_OPEN_SECONDS
        while self._idle and now - self._idle[-1].idle_since < longest:
            connection = self._idle.pop()
            if connection.is_usable():
                return connection
            connection.close()
        return self.connect()

    def release(self, connection: Connection) -> None:
        """Release ``connection`` to the pool, and close connections that are idle for too long."""
        if self.is_retired:
            connection.close()
            return
        connection.mark_idle()
        self._idle.append(connection)
        while len(self._idle) > _MAX_IDLE or connection.idle_since - self._idle[0].idle_since > _IDLE_SECONDS:
            self._idle.pop(0).close()

    def retire(self) -> None:
        """Close the pool after the address was removed from DNS; running exchanges continue."""
        self.is_retired = True
        self.ejected_gauge.set(0)
        while self._idle:
            self._idle.pop().close()


def _authority(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def family(host: str) -> AddressFamily | None:
    """Return the address family if ``host`` is an IP address; None if it is a name, which needs a lookup."""
    try:
        return AddressFamily.AF_INET6 if ip_address(host).version == 6 else AddressFamily.AF_INET  # noqa: PLR2004 -- IPv6
    except ValueError:
        return None
