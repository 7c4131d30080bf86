"""Addresses of services, free ports, and the processes that hold busy ones."""

import contextlib
import http.client
import socket
from dataclasses import dataclass

import psutil


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
    """Return a port that is free now; another process may take it before it is used."""
    with socket.create_server((host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET) as listener:
        return int(listener.getsockname()[1])


def holder_of(port: int) -> str:
    """Describe the process that listens on the port by name and pid, as far as this user may know it."""
    with contextlib.suppress(psutil.Error):
        listening = [each for each in psutil.net_connections(kind="tcp") if each.status == psutil.CONN_LISTEN]
        holders = {each.pid for each in listening if each.pid and each.laddr and each.laddr.port == port}
        for process in map(psutil.Process, sorted(holders)):
            if process.ppid() not in holders:  # workers share the socket of their parent
                return f"{process.name()} (pid {process.pid})"
    return "a process of another user"
