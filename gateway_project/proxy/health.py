"""Health of the gateway itself."""

from django.http import HttpRequest, HttpResponse, JsonResponse

from chassis.health import live
from chassis.problems import not_found
from proxy.gateway import gateway

__all__ = ["health", "live", "ready", "unknown"]


def health(request: HttpRequest) -> HttpResponse:
    """Answer 200 with the state of the gateway; what the upstreams do does not change the status."""
    gateway()
    return JsonResponse({"status": "ok", "service": "gateway"})


def ready(request: HttpRequest) -> HttpResponse:
    """Answer 200: the routes are read, so requests can be taken."""
    gateway()
    return JsonResponse({"status": "ok"})


def unknown(request: HttpRequest, rest: str) -> HttpResponse:
    """Answer 404: what lies under ``/health`` is never forwarded."""
    return not_found(request, Exception(rest))
