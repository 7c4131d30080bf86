"""Addresses of services, free ports, listening sockets, and the processes that listen on a port."""

import contextlib
import errno
import http.client
import json
import random
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import psutil

_NON_EPHEMERAL_PORTS = range(20_000, 32_768)
_returned: set[int] = set()


class PortsError(Exception):
    """A service cannot listen on its port; the message contains the reason and a remedy."""


@dataclass(frozen=True)
class Address:
    """The host and port that a service listens on."""

    host: str
    port: int

    @property
    def bind(self) -> str:
        """The address in gunicorn's format: ``127.0.0.1:8000``, ``[::1]:8000``."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def url(self) -> str:
        """The URL for clients on this machine, without a trailing slash."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104 - compared, not bound  # nosec B104
        return f"http://{Address(host, self.port).bind}"

    def health(self, *, seconds: float = 3.0) -> int | None:
        """Return the status of ``GET /health/ready``, or None without a response."""
        return self.readiness(seconds=seconds)[0]

    def readiness(self, *, seconds: float = 3.0) -> tuple[int | None, dict[str, Any]]:
        """Return the status of ``GET /health/ready`` and its JSON object. Ignores proxy variables."""
        connection = http.client.HTTPConnection(self.url.removeprefix("http://"), timeout=seconds)
        status, content = None, None
        with contextlib.closing(connection), contextlib.suppress(OSError, http.client.HTTPException, ValueError):
            connection.request("GET", "/health/ready")
            response = connection.getresponse()
            status = response.status
            content = json.loads(response.read())
        return status, content if isinstance(content, dict) else {}


def find_free_port(host: str = "127.0.0.1") -> int:
    """Return a free port that was not returned before. Another process may still bind it before the caller does.

    The port is below the ephemeral ports of Linux and macOS, so outgoing connections do not use it.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for port in random.sample(_NON_EPHEMERAL_PORTS, len(_NON_EPHEMERAL_PORTS)):
        if port not in _returned:
            with contextlib.suppress(OSError), socket.create_server((host, port), family=family):
                _returned.add(port)
                return port
    raise OSError(errno.EADDRINUSE, f"No port of {host} is free.")


def listen(addresses: Mapping[str, Address], variables: Mapping[str, str]) -> dict[str, socket.socket]:
    """Open the listening socket of each service; ``variables`` names the setting of each service's port.

    Raises:
        PortsError: some ports are busy; the message names each port, its process, and the variable to change.
    """
    sockets, problems = {}, []
    for name, address in addresses.items():
        variable = variables[name]
        try:
            family, *_, target = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)[0]
            sockets[name] = socket.create_server(target[:2], family=family, backlog=2048)
        except OSError as error:
            reason = (
                f"The {name} service cannot listen on {address.bind}: {error.strerror}. See {variable} and BIND_HOST."
            )
            if error.errno == errno.EADDRINUSE:
                reason = (
                    f"Port {address.port}, which the {name} service needs, is in use by {holder_of(address.port)}. "
                    f"Stop that process, or choose another port, for example {variable}={find_free_port(address.host)}."
                )
            problems.append(reason)
    if problems:
        raise PortsError("\n".join(problems))
    return sockets


def holder_of(port: int) -> str:
    """Return name and pid of the process that listens on a port, if this user may see it."""
    with contextlib.suppress(psutil.Error):
        listening = [each for each in psutil.net_connections(kind="tcp") if each.status == psutil.CONN_LISTEN]
        for pid in {each.pid for each in listening if each.pid and each.laddr and each.laddr.port == port}:
            process = psutil.Process(pid)
            while (parent := process.parent()) and _listens(parent, port):  # workers share the socket of their parent
                process = parent
            return f"{process.name()} (pid {process.pid})"
    return "a process of another user"


def _listens(process: psutil.Process, port: int) -> bool:
    """Return whether a process listens on a port, as far as this user may see it."""
    with contextlib.suppress(psutil.Error):
        connections = process.net_connections(kind="tcp")
        return any(each.status == psutil.CONN_LISTEN and each.laddr.port == port for each in connections)
    return False
