"""The state of the services for the portal."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from portal.availability import Check
from portal.lag import Lag
from portal.monitor import monitor
from portal.traffic import Counts, Load, load, new_failures, per_second
from proxy.gateway import gateway

SPARKLINE_WIDTH, SPARKLINE_HEIGHT = 120, 24


@dataclass(frozen=True)
class ReplicaState:
    """The state of a replica: up, down, or unknown before the first health check."""

    address: str
    state: str
    is_ejected: bool  # in at least one process of the gateway
    reason: str


@dataclass(frozen=True)
class RouteState:
    """A route and its load."""

    path: str
    load: Load


@dataclass(frozen=True)
class ServiceState:
    """The state of a service, which is one upstream of the routes file."""

    name: str
    state: str  # up, degraded (some replicas are down), down, unknown
    since: datetime | None  # down since
    replicas: Sequence[ReplicaState]
    circuit_is_open: bool  # in at least one process of the gateway
    load: Load
    routes: Sequence[RouteState]
    failures: dict[str, int]  # of the last minutes, by reason
    lags: Sequence[Lag]  # by feed; empty if the service reads no events
    sparkline: str  # points of a polyline: requests a second

    @property
    def replicas_up(self) -> int:
        """The number of replicas that pass their health check."""
        return sum(replica.state == "up" for replica in self.replicas)

    def as_json(self) -> dict[str, Any]:
        """Return the state for the JSON index."""
        events = {"events": {lag.feed: lag.as_json() for lag in self.lags}} if self.lags else {}
        return events | {
            "state": self.state,
            "down_since": self.since.isoformat().replace("+00:00", "Z") if self.since else None,
            "replicas": {replica.address: replica.state for replica in self.replicas},
            "circuit": "open" if self.circuit_is_open else "closed",
            "requests_per_second": round(self.load.per_second, 2),
            "p50_ms": self.load.p50 and round(self.load.p50, 2),
            "p99_ms": self.load.p99 and round(self.load.p99, 2),
            "error_percent": round(self.load.error_share, 2),
            "failures": self.failures,
        }


def services() -> list[ServiceState]:
    """Return the current state of all services, after new health checks."""
    now = monitor().refresh()
    return [_service(name, now) for name in gateway().upstreams]


def summary(states: Sequence[ServiceState]) -> str:
    """Return the state of the system in a sentence."""
    down = [state.name for state in states if state.state == "down"]
    if down:
        return f"Down: {', '.join(down)}."
    if degraded := [state.name for state in states if state.state == "degraded"]:
        return f"Some replicas are down: {', '.join(degraded)}."
    return "All services are up." if all(state.state == "up" for state in states) else "Checking the services."


def _service(name: str, now: Counts) -> ServiceState:
    watch = monitor()
    before, oldest = watch.start_of_window(now), next(iter(watch.history), now)
    checks = watch.availability.of(name)
    paths = [route.path for route in gateway().current.configuration.routes if route.upstream == name]
    state = _state([check for check in checks.values() if check], known=all(checks.values()))
    down_at = max((check.since for check in checks.values() if check), default=0.0)
    rates = [per_second(one, other, frozenset(paths)) for one, other in pairwise([*watch.history, now])]
    return ServiceState(
        name=name,
        state=state,
        since=datetime.fromtimestamp(down_at, UTC) if state == "down" else None,
        replicas=[_replica(name, address, check, now) for address, check in checks.items()],
        circuit_is_open=name in now.open_circuits,
        load=load(before, now, paths),
        routes=[RouteState(path, load(before, now, [path])) for path in paths],
        failures=new_failures(oldest, now, name),
        lags=watch.lags.of(name),
        sparkline=sparkline(rates),
    )


def _state(checks: Sequence[Check], *, known: bool) -> str:
    if any(check.is_up for check in checks):
        return "up" if all(check.is_up for check in checks) else "degraded"
    return "down" if checks and known else "unknown"


def _replica(upstream: str, address: str, check: Check | None, now: Counts) -> ReplicaState:
    state = ("up" if check.is_up else "down") if check else "unknown"
    return ReplicaState(address, state, (upstream, address) in now.ejected, check.reason if check else "")


def sparkline(values: Sequence[float]) -> str:
    """Return the points of a polyline through ``values``, scaled to the highest."""
    top = max(values, default=0) or 1

    def points() -> Iterator[str]:
        for index, value in enumerate(values):
            x = SPARKLINE_WIDTH * index / max(len(values) - 1, 1)
            y = SPARKLINE_HEIGHT - 1 - (SPARKLINE_HEIGHT - 2) * value / top
            yield f"{x:.1f},{y:.1f}"

    return " ".join(points())
