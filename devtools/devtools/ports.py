"""Which ports are free, and who holds those that are not."""

import contextlib
import errno
import socket
from collections.abc import Mapping

import psutil

from devtools.errors import LauncherError
from devtools.projects import PROJECTS, Address

HIGHEST_PORT = 65535


def check_ports(addresses: Mapping[str, Address]) -> None:
    """Make sure that every service can listen at its address.

    Raises:
        LauncherError: naming each busy port, who holds it where that can be known, and the variable that moves it.
    """
    problems = []
    for name, address in addresses.items():
        reason = why_not_free(address)
        if reason is not None:
            problems.append(explain(name, PROJECTS[name].port_variable, address, reason))
    if problems:
        raise LauncherError("\n".join(problems))


def why_not_free(address: Address) -> OSError | None:
    """Return what keeps a server from listening at the address, or None where it is free."""
    try:
        family, kind, protocol, _, target = socket.getaddrinfo(
            address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(target)
    except OSError as error:
        return error
    return None


def explain(name: str, variable: str, address: Address, reason: OSError) -> str:
    """Say what a person can do about an address that cannot be used."""
    if reason.errno != errno.EADDRINUSE:
        why = reason.strerror or reason
        return f"The {name} service cannot listen on {address.bind}: {why}. See {variable} and BIND_HOST."
    holder = holder_of(address.port)
    held = f"by {holder}" if holder else "by a process of another user"
    return (
        f"Port {address.port}, which the {name} service needs, is in use {held}. "
        f"Stop that process, or choose another port, for example {variable}={next_free_port(address)}."
    )


def holder_of(port: int) -> str | None:
    """Return name and number of the process that listens on the port, where this user may know it."""
    try:
        connections = psutil.net_connections(kind="tcp")
    except psutil.Error:
        return None
    holders = {
        connection.pid
        for connection in connections
        if connection.pid
        and connection.laddr
        and connection.laddr.port == port
        and connection.status == psutil.CONN_LISTEN
    }
    for pid in sorted(holders):
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(pid)
            if (
                process.ppid() not in holders
            ):  # a server's workers share the socket of the one that started them
                return f"{process.name()} (pid {pid})"
    return None


def next_free_port(address: Address) -> int:
    """Return the first free port after a busy one."""
    for port in range(address.port + 1, HIGHEST_PORT + 1):
        if why_not_free(Address(address.host, port)) is None:
            return port
    return find_free_port(address.host)


def find_free_port(host: str = "127.0.0.1") -> int:
    """Return a port that is free now; somebody else may take it before it is used."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as listener:
        listener.bind((host, 0))
        return int(listener.getsockname()[1])
