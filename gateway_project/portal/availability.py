"""Health checks of all replicas, made by the portal: it shows an outage before a client's request fails."""

import time
from dataclasses import dataclass

import gevent

from portal.fetch import FetchError, fetch
from proxy.gateway import gateway
from proxy.upstreams.replica import Replica

_SECONDS = 1.0  # after which a health check counts as failed; also the least time between two
_SERVER_ERROR = 500


@dataclass
class Check:
    """The last health check of a replica."""

    is_up: bool
    since: float  # seconds of time.time: the first check with this result in a row
    reason: str = ""  # why it is down


class Availability:
    """The health checks of all replicas, as this process makes them."""

    def __init__(self) -> None:
        self._checks: dict[tuple[str, str], Check] = {}
        self._checked_at = -_SECONDS  # monotonic

    def of(self, upstream: str) -> dict[str, Check | None]:
        """Return the last check of each replica of ``upstream``, by its address; None before the first one ends."""
        replicas = gateway().upstreams[upstream].replicas
        return {replica.address: self._checks.get((upstream, replica.address)) for replica in replicas}

    def check_all(self) -> list[gevent.Greenlet]:
        """Begin to check all replicas; the results are kept when they come.

        Does nothing if the last look was less than a second ago, so that many visitors cost the services no more.
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
