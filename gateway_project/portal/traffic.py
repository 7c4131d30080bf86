"""Counters of all gateway processes, and the load between two snapshots of them."""

import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from observability.metrics import SharedMetrics

_SERVER_ERROR = 500


@dataclass(frozen=True)
class Counts:
    """A snapshot of the counters at ``at`` (seconds of ``time.monotonic``, which all processes share)."""

    at: float
    responses: Mapping[tuple[str, int], float] = field(default_factory=dict)  # by route and status
    durations: Mapping[tuple[str, float], float] = field(default_factory=dict)  # by route and upper bound in seconds
    failures: Mapping[tuple[str, str], float] = field(default_factory=dict)  # by upstream and reason
    open_circuits: frozenset[str] = frozenset()  # upstreams
    ejected: frozenset[tuple[str, str]] = frozenset()  # upstream and replica


def read_counts() -> Counts:
    """Read the metrics of all processes; under Django's development server, those of this process."""
    responses: dict[tuple[str, int], float] = defaultdict(float)
    durations: dict[tuple[str, float], float] = {}
    failures: dict[tuple[str, str], float] = {}
    circuits, ejected = set(), set()
    for sample in (sample for metric in SharedMetrics().collect() for sample in metric.samples):
        labels, value = sample.labels, sample.value
        match sample.name:
            case "gateway_requests_total":
                responses[labels["route"], int(labels["status"])] += value
            case "gateway_request_duration_seconds_bucket":
                durations[labels["route"], float(labels["le"])] = value
            case "gateway_upstream_failures_total":
                failures[labels["upstream"], labels["reason"]] = value
            case "gateway_circuit_open" if value:
                circuits.add(labels["upstream"])
            case "gateway_replica_ejected" if value:
                ejected.add((labels["upstream"], labels["replica"]))
    return Counts(time.monotonic(), responses, durations, failures, frozenset(circuits), frozenset(ejected))


@dataclass(frozen=True)
class Load:
    """The load of some routes in an interval."""

    per_second: float = 0.0
    p50: float | None = None  # milliseconds; None without requests
    p99: float | None = None
    error_share: float = 0.0  # of responses with a status of 500 or more, in percent


def load(before: Counts, after: Counts, routes: Iterable[str]) -> Load:
    """Return the load of ``routes`` between two snapshots."""
    chosen = frozenset(routes)
    responses = _responses(before, after, chosen)
    total = sum(responses.values())
    if total <= 0:
        return Load()
    errors = sum(number for (_, status), number in responses.items() if status >= _SERVER_ERROR)
    buckets: dict[float, float] = defaultdict(float)
    for (route, bound), number in after.durations.items():
        if route in chosen:
            buckets[bound] += number - before.durations.get((route, bound), 0.0)
    return Load(
        per_second=per_second(before, after, chosen),
        p50=_quantile(0.5, buckets),
        p99=_quantile(0.99, buckets),
        error_share=100 * errors / total,
    )


def per_second(before: Counts, after: Counts, routes: frozenset[str]) -> float:
    """Return the requests per second to ``routes`` between two snapshots."""
    return sum(_responses(before, after, routes).values()) / max(after.at - before.at, 0.001)


def _responses(before: Counts, after: Counts, routes: frozenset[str]) -> dict[tuple[str, int], float]:
    return {
        key: number - before.responses.get(key, 0.0) for key, number in after.responses.items() if key[0] in routes
    }


def _quantile(share: float, buckets: Mapping[float, float]) -> float | None:
    """Return the quantile of the durations, in milliseconds, interpolated like Prometheus' ``histogram_quantile``.

    A quantile beyond the last finite bound is that bound.
    """
    bounds = sorted(buckets)
    if not bounds or buckets[bounds[-1]] <= 0:
        return None
    rank, lower, below = share * buckets[bounds[-1]], 0.0, 0.0
    for bound in bounds:
        if buckets[bound] >= rank:
            if bound == float("inf"):
                break
            return 1000 * (lower + (bound - lower) * (rank - below) / (buckets[bound] - below))
        lower, below = bound, buckets[bound]
    return 1000 * lower


def new_failures(before: Counts, after: Counts, upstream: str) -> dict[str, int]:
    """Return the failures of ``upstream`` between two snapshots, by reason, the most frequent first."""
    found = {
        reason: round(number - before.failures.get((name, reason), 0.0))
        for (name, reason), number in after.failures.items()
        if name == upstream
    }
    return {reason: number for reason, number in sorted(found.items(), key=lambda pair: -pair[1]) if number > 0}
