"""Addresses of services, free ports, and the processes that hold busy ones."""

import contextlib
import errno
import http.client
import random
import socket
from dataclasses import dataclass

import psutil

_NOT_GIVEN_BY_THE_SYSTEM = range(20_000, 32_768)
_returned: set[int] = set()


@dataclass(frozen=True)
class Address:
    """The host and port that a service listens on."""

    host: str
    port: int

    @property
    def bind(self) -> str:
        """The address as gunicorn takes it: ``127.0.0.1:8000``, ``[::1]:8000``."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def url(self) -> str:
        """The URL for clients on this machine, without a trailing slash."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104 - compared, not bound  # nosec B104
        return f"http://{Address(host, self.port).bind}"

    def health(self, *, seconds: float = 3.0) -> int | None:
        """Return the status of ``GET /health/ready``; None without a response. No proxy variable is followed."""
        connection = http.client.HTTPConnection(self.url.removeprefix("http://"), timeout=seconds)
        try:
            connection.request("GET", "/health/ready")
            return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()


def find_free_port(host: str = "127.0.0.1") -> int:
    """Return a port that is free now and was not returned before; another process may take it before it is used.

    It lies below the ports that Linux and macOS give to outgoing connections, so that none of those takes it.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for port in random.sample(_NOT_GIVEN_BY_THE_SYSTEM, len(_NOT_GIVEN_BY_THE_SYSTEM)):
        if port not in _returned:
            with contextlib.suppress(OSError), socket.create_server((host, port), family=family):
                _returned.add(port)
                return port
    raise OSError(errno.EADDRINUSE, f"No port of {host} is free.")


def holder_of(port: int) -> str:
    """Describe the process that listens on the port by name and pid, as far as this user may know it."""
    with contextlib.suppress(psutil.Error):
        listening = [each for each in psutil.net_connections(kind="tcp") if each.status == psutil.CONN_LISTEN]
        holders = {each.pid for each in listening if each.pid and each.laddr and each.laddr.port == port}
        for process in map(psutil.Process, sorted(holders)):
            if process.ppid() not in holders:  # workers share the socket of their parent
                return f"{process.name()} (pid {process.pid})"
    return "a process of another user"
