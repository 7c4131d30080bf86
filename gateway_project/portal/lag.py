"""How far services have read the events of others, as their readiness tells."""

import time
from dataclasses import dataclass
from typing import Any

import gevent

from portal.fetch import FetchError, fetch
from proxy.gateway import gateway

_PATH = "/health/ready"  # on a service's own address
_SECONDS = 1.0  # for a response; also the least time between two


@dataclass(frozen=True)
class Lag:
    """The events of one feed that a service has not read, and the age of what it has; None if it has read none."""

    feed: str
    events: int
    seconds: float | None

    def as_json(self) -> dict[str, Any]:
        """Return it as the service does."""
        return {"lag_events": self.events, "lag_seconds": self.seconds}


class Lags:
    """The lags of all services, as this process last heard of them."""

    def __init__(self) -> None:
        self._known: dict[str, list[Lag]] = {}
        self._refreshed_at = -_SECONDS  # monotonic

    def of(self, service: str) -> list[Lag]:
        """Return the lags of ``service``; none if it reads no events, or does not respond."""
        return self._known.get(service, [])

    def refresh(self) -> list[gevent.Greenlet]:
        """Ask one replica of each service; nothing if the last look was less than a second ago."""
        now = time.monotonic()
        if now - self._refreshed_at < _SECONDS:
            return []
        self._refreshed_at = now
        return [gevent.spawn(self._fetch, name) for name in gateway().upstreams]

    def _fetch(self, service: str) -> None:
        replicas = sorted(gateway().upstreams[service].replicas, key=lambda replica: not replica.is_healthy)
        try:
            self._known[service] = _parse(fetch(replicas[0], _PATH, seconds=_SECONDS).json()) if replicas else []
        except FetchError:
            self._known[service] = []


def _parse(content: Any) -> list[Lag]:
    """Return the lags; none if the service, which may be any, tells something else."""
    try:
        return [
            Lag(str(feed), int(lag["lag_events"]), None if lag["lag_seconds"] is None else float(lag["lag_seconds"]))
            for feed, lag in content["events"].items()
        ]
    except (AttributeError, KeyError, TypeError, ValueError):
        return []
