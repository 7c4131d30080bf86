"""Prometheus metrics of a service: number of requests, their duration, and their time in the database."""

import os
import time
from collections.abc import Callable, Iterable
from itertools import chain
from pathlib import Path
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, Counter, Histogram, Metric, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

PATH = "/metrics"
METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

REQUESTS = Counter("http_requests", "Requests handled", ["method", "route", "status"])
DURATION = Histogram("http_request_duration_seconds", "Time to the response", ["method", "route"], buckets=_SECONDS)
DATABASE = Histogram("http_request_database_seconds", "Time in the database per request", ["route"], buckets=_SECONDS)


class MetricsMiddleware:
    """Counts and times every request. Place it above all middleware that can return a response itself.

    If the server listens on ``METRICS_BIND``, that port serves only /metrics, and other ports do not serve it.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        self.port = os.environ.get("METRICS_BIND", "").rpartition(":")[2]

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Handle the request and record its metrics."""
        if self.port and (request.META["SERVER_PORT"] == self.port) != (request.path == PATH):
            raise Http404
        database = _DatabaseTime()
        started = time.perf_counter()
        with connections[DEFAULT_DB_ALIAS].execute_wrapper(database):
            response = self.get_response(request)
        # Clients must not be able to create labels: use the URL pattern instead of the path, and only known methods.
        route = request.resolver_match.route if request.resolver_match else "none"
        method = request.method if request.method in METHODS else "other"
        REQUESTS.labels(method, route, response.status_code).inc()
        DURATION.labels(method, route).observe(time.perf_counter() - started)
        DATABASE.labels(route).observe(database.seconds)
        return response


class _DatabaseTime:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self, execute: Callable[..., Any], *args: Any) -> Any:
        started = time.perf_counter()
        try:
            return execute(*args)
        finally:
            self.seconds += time.perf_counter() - started


class SharedMetrics(Collector):
    """The sum of all worker processes' metrics; without ``PROMETHEUS_MULTIPROC_DIR``, those of this process."""

    def collect(self) -> Iterable[Metric]:
        """Return the metrics."""
        folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
        if folder is None:
            return REGISTRY.collect()
        # A starting process creates empty files, which prometheus_client cannot read.
        files = [str(file) for file in Path(folder).glob("*.db") if _has_content(file)]
        merged: Iterable[Metric] = MultiProcessCollector.merge(files)  # type: ignore[no-untyped-call]
        return merged


def _has_content(file: Path) -> bool:
    try:
        return file.stat().st_size > 0
    except FileNotFoundError:  # the process has ended
        return False


# Applications append collectors that read from the database.
COLLECTORS: list[Collector] = [SharedMetrics()]


class _AllMetrics(Collector):
    def collect(self) -> Iterable[Metric]:
        return chain.from_iterable(collector.collect() for collector in COLLECTORS)


def metrics(request: HttpRequest) -> HttpResponse:
    """Return the metrics of ``COLLECTORS`` in Prometheus' text format."""
    return HttpResponse(generate_latest(_AllMetrics()), content_type=CONTENT_TYPE_LATEST)
