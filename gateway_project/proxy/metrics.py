"""Prometheus metrics of the gateway, and the WSGI application that serves them."""

from collections.abc import Callable
from functools import cache
from typing import Any

from prometheus_client import Counter, Gauge, Histogram

from observability.metrics import METHODS

REQUESTS = Counter("gateway_requests", "Responses sent", ["route", "method", "status"])
DURATION = Histogram(
    "gateway_request_duration_seconds",
    "Time from the head of the request to the last byte of the response",
    ["route"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
FAILURES = Counter("gateway_upstream_failures", "Failures at upstreams", ["upstream", "reason"])
CIRCUIT_OPEN = Gauge(
    "gateway_circuit_open",
    "1 where a process has opened the circuit",
    ["upstream"],
    multiprocess_mode="livemax",
)
EJECTED = Gauge(
    "gateway_replica_ejected",
    "1 where a process has ejected the replica",
    ["upstream", "replica"],
    multiprocess_mode="livemax",
)
KEYS_UNREADABLE = Gauge(
    "gateway_issuer_keys_unreadable",
    "1 where the last attempt of a process to read the issuer's keys failed",
    ["issuer"],
    multiprocess_mode="livemax",
)
TUNNELS = Gauge("gateway_tunnels", "Open WebSocket tunnels", ["upstream"], multiprocess_mode="livesum")
TUNNEL_BYTES = Counter("gateway_tunnel_bytes", "Bytes carried in WebSocket tunnels", ["upstream", "direction"])
_SWITCHING_PROTOCOLS = 101


def count(route: str, method: str, status: int, seconds: float) -> None:
    """Count one response; ``route`` is its path in the routes file, or ``none``. Tunnels count without duration."""
    requests, duration = _labelled(route, method if method in METHODS else "other", status)
    requests.inc()
    if status != _SWITCHING_PROTOCOLS:
        duration.observe(seconds)


@cache
def _labelled(route: str, method: str, status: int) -> tuple[Counter, Histogram]:
    return REQUESTS.labels(route, method, status), DURATION.labels(route)


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
    """Serve the metrics of all processes at ``/metrics``; respond to other paths with 404."""
    from django.core.handlers.wsgi import WSGIRequest

    from observability.metrics import metrics
    from problems.views import not_found

    request = WSGIRequest(environ)
    response = metrics(request) if request.path == "/metrics" else not_found(request, Exception())
    start_response(f"{response.status_code} {response.reason_phrase}", list(response.items()))
    return response
