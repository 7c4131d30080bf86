"""Lag of the services that read events of other services, from their ``/health/ready``."""

import time
from dataclasses import dataclass
from typing import Any

import gevent

from portal.fetch import FetchError, fetch
from proxy.gateway import gateway

_PATH = "/health/ready"  # on a service's own address
_SECONDS = 1.0  # timeout of a response, and minimum interval between two requests


@dataclass(frozen=True)
class Lag:
    """The unread events of one feed, and the seconds since it was read to its head; None if it never was."""

    feed: str
    events: int
    seconds: float | None

    def as_json(self) -> dict[str, Any]:
        """Return the lag in the format of the service."""
        return {"lag_events": self.events, "lag_seconds": self.seconds}


class Lags:
    """Fetches the lags of all services, and keeps the last ones."""

    def __init__(self) -> None:
        self._known: dict[str, list[Lag]] = {}
        self._refreshed_at = -_SECONDS  # monotonic

    def of(self, service: str) -> list[Lag]:
        """Return the lags of ``service``; empty if it reads no events or does not respond."""
        return self._known.get(service, [])

    def refresh(self) -> list[gevent.Greenlet]:
        """Start a request to one replica of each service, unless the last was less than a second ago."""
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
    """Return the lags; empty if ``content`` has another format, as that of third-party services."""
    try:
        return [
            Lag(str(feed), int(lag["lag_events"]), None if lag["lag_seconds"] is None else float(lag["lag_seconds"]))
            for feed, lag in content["events"].items()
        ]
    except (AttributeError, KeyError, TypeError, ValueError):
        return []
