"""The replicas behind a host name, one per address; a background greenlet repeats the DNS lookup."""

import logging
import time
from collections.abc import Callable

import gevent
from gevent import socket
from gevent.event import Event

from proxy.routes import UpstreamSettings
from proxy.upstreams.replica import Replica, Server

logger = logging.getLogger(__name__)

_PAUSE_SECONDS = 1.0  # between two lookups
_FAILURES = (OSError, UnicodeError)  # UnicodeError for invalid names


class NamedReplicas:
    """One replica for each address of the host of ``server``; calls ``on_change`` when the addresses change.

    Lookups of a name run one at a time, so that a hanging lookup occupies only one thread of gevent.
    """

    def __init__(self, settings: UpstreamSettings, server: Server, on_change: Callable[[], None]) -> None:
        self.replicas: dict[str, Replica] = {}  # by address
        self.last_error = ""
        self._settings = settings
        self._server = server
        self._host = server.host
        self._on_change = on_change
        self._is_resolved = Event()
        self._begun_at: float | None = None  # monotonic

    def wait(self) -> None:
        """Start the lookups; return after the first result, or ``connect_timeout`` after the start."""
        if self._is_resolved.is_set():
            return
        if self._begun_at is None:
            self._begun_at = time.monotonic()
            gevent.spawn(self._look_up_forever)
        left = self._begun_at + self._settings.connect_timeout - time.monotonic()
        if left > 0:
            self._is_resolved.wait(left)

    def _look_up_forever(self) -> None:
        while True:
            try:
                addresses = look_up(self._host)
            except _FAILURES as error:
                self._note_failure(str(getattr(error, "strerror", None) or error))
            else:
                self.last_error = ""
                self._replace(addresses)
            self._is_resolved.set()
            gevent.sleep(_PAUSE_SECONDS)

    def _note_failure(self, reason: str) -> None:
        if reason != self.last_error:  # logged once per reason, not every second
            logger.warning("Name not resolved", extra={"host": self._host, "reason": reason})
        self.last_error = reason

    def _replace(self, addresses: tuple[str, ...]) -> None:
        removed = self.replicas.keys() - set(addresses)
        new = set(addresses) - self.replicas.keys()
        if not removed and not new:
            return
        dropped = [self.replicas.pop(address) for address in removed]
        for address in sorted(new):
            self.replicas[address] = Replica(self._settings, self._server, address)
        self._on_change()
        for replica in dropped:
            replica.retire()
        logger.info("Replicas changed", extra={"host": self._host, "added": sorted(new), "dropped": sorted(removed)})


def look_up(host: str) -> tuple[str, ...]:
    """Return the IPv4 addresses of ``host``, or its IPv6 addresses if it has only those.

    A server with addresses of both families is one replica.

    Raises:
        OSError: the lookup failed, or the name is unknown.
        UnicodeError: the name is invalid.
    """
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    addresses = [(family, address[0]) for family, _, _, _, address in found]
    kind = min(family for family, _ in addresses)  # AF_INET is less than AF_INET6
    return tuple(dict.fromkeys(address for family, address in addresses if family == kind))
