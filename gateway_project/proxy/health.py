"""Health of the gateway itself, and what it knows of the upstreams. Each process has its own view of them."""

import os
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse

from chassis.problems import not_found, security_headers
from proxy.gateway import gateway
from proxy.upstreams.upstream import Upstream


def health(request: HttpRequest) -> HttpResponse:
    """Answer 200 with the state of the gateway; that an upstream is down does not change the status."""
    here = gateway()
    return JsonResponse(
        {
            "status": "ok",
            "service": "gateway",
            "process": os.getpid(),
            "configuration": {
                "read_at": here.current.read_at.isoformat(timespec="seconds"),
                "refused": here.current.refused or None,  # why a newer one is not in force
            },
            "upstreams": {name: _upstream(upstream) for name, upstream in here.upstreams.items()},
        },
        headers=security_headers(),
    )


def _upstream(upstream: Upstream) -> dict[str, Any]:
    return {
        "circuit": upstream.breaker.state,
        "replicas": {replica.address: replica.is_trusted for replica in upstream.replicas},
        "replicas_in_use": sum(replica.is_trusted for replica in upstream.replicas),
        "last_error": upstream.last_error or None,
    }


def live(request: HttpRequest) -> HttpResponse:
    """Answer 200: the process runs and serves."""
    return JsonResponse({"status": "ok"}, headers=security_headers())


def ready(request: HttpRequest) -> HttpResponse:
    """Answer 200: the routes are read, so requests can be taken."""
    gateway()
    return JsonResponse({"status": "ok"}, headers=security_headers())


def unknown(request: HttpRequest, rest: str) -> HttpResponse:
    """Answer 404: what lies under ``/health`` is never forwarded."""
    return not_found(request, Exception(rest))
