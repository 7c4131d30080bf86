"""Prometheus metrics of a service: how many requests, how long they take, and how much of that the database takes."""

import os
import time
from collections.abc import Callable
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector

METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

REQUESTS = Counter("http_requests", "Requests answered", ["method", "route", "status"])
DURATION = Histogram("http_request_duration_seconds", "Time to the answer", ["method", "route"], buckets=_SECONDS)
DATABASE = Histogram("http_request_database_seconds", "Time in the database per request", ["route"], buckets=_SECONDS)


class MetricsMiddleware:
    """Counts and times every request; it stands outside of all middleware that can answer by itself."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer the request."""
        database = _DatabaseTime()
        started = time.perf_counter()
        with connections[DEFAULT_DB_ALIAS].execute_wrapper(database):
            response = self.get_response(request)
        # Labels that clients cannot invent: the pattern that matched, not the path; a method that is known.
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


def metrics(request: HttpRequest) -> HttpResponse:
    """Answer with the numbers of all worker processes, in Prometheus' text format."""
    registry: CollectorRegistry = REGISTRY
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
