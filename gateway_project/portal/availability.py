"""Health checks of all replicas: the portal shows an outage before a client's request fails."""

import time
from dataclasses import dataclass

import gevent

from portal.fetch import FetchError, fetch
from proxy.gateway import gateway
from proxy.upstreams.replica import Replica

_SECONDS = 1.0  # timeout of a health check, and minimum interval between two
_SERVER_ERROR = 500


@dataclass
class Check:
    """The result of the last health check of a replica."""

    is_up: bool
    since: float  # time of the first consecutive check with this result, in seconds of time.time
    reason: str = ""  # why it is down


class Availability:
    """Makes health checks of all replicas, and keeps the last results."""

    def __init__(self) -> None:
        self._checks: dict[tuple[str, str], Check] = {}
        self._checked_at = -_SECONDS  # monotonic

    def of(self, upstream: str) -> dict[str, Check | None]:
        """Return the last check of each replica of ``upstream``, by address; None before the first result."""
        replicas = gateway().upstreams[upstream].replicas
        return {replica.address: self._checks.get((upstream, replica.address)) for replica in replicas}

    def check_all(self) -> list[gevent.Greenlet]:
        """Start checks of all replicas; return their greenlets.

        Does nothing within a second after the last start, so that the load does not grow with the number of visitors.
        """
        now = time.monotonic()
        if now - self._checked_at < _SECONDS:
            return []
        self._checked_at = now
        checks = []
        for name, upstream in gateway().upstreams.items():
            upstream.resolve()
            checks += [gevent.spawn(self._check, name, replica) for replica in upstream.replicas]
        return checks

    def _check(self, upstream: str, replica: Replica) -> None:
        reason = _failure(replica)
        last = self._checks.get((upstream, replica.address))
        if last is not None and last.is_up == (not reason):
            last.reason = reason
        else:
            self._checks[upstream, replica.address] = Check(not reason, time.time(), reason)


def _failure(replica: Replica) -> str:
    try:
        status = fetch(replica, replica.probe_path, seconds=_SECONDS).status
    except FetchError as error:
        return str(error)
    return f"The health check responds with {status}." if status >= _SERVER_ERROR else ""
