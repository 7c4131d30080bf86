"""Health checks of the gateway, and this process's view of the upstreams."""

import json
import os
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache, wraps

from django.http import HttpRequest, HttpResponse, JsonResponse

from problems.responses import problem_response, security_headers
from problems.views import not_found
from proxy.gateway import gateway
from proxy.upstreams.upstream import Upstream

_View = Callable[..., HttpResponse]


def read_only(view: _View) -> _View:
    """Decorator: reject methods other than GET and HEAD with a problem."""

    @wraps(view)
    def checked(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        if request.method in ("GET", "HEAD"):
            return view(request, *args, **kwargs)
        detail = f"{request.method} is not allowed here; allowed: GET, HEAD."
        return problem_response(request, 405, "method_not_allowed", detail, {"Allow": "GET, HEAD"})

    return checked


@read_only
def health(request: HttpRequest) -> HttpResponse:
    """Respond with 200 and the state of the gateway, even if upstreams are down."""
    active = gateway()
    upstreams = tuple([_state(name, upstream) for name, upstream in active.upstreams.items()])
    state = _as_json(active.current.read_at, active.current.refused, upstreams)
    return HttpResponse(state, content_type="application/json", headers=security_headers(request))


_State = tuple[str, str, tuple[tuple[str, bool], ...], str]


def _state(name: str, upstream: Upstream) -> _State:
    replicas = tuple([(replica.address, replica.is_healthy) for replica in upstream.replicas])
    return name, upstream.breaker.state.value, replicas, upstream.last_error


@lru_cache(maxsize=1)  # the state rarely changes between two requests
def _as_json(read_at: datetime, refused: str, upstreams: tuple[_State, ...]) -> bytes:
    state = {
        "status": "ok",
        "service": "gateway",
        "process": os.getpid(),
        "configuration": {
            "read_at": read_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "refused": refused or None,  # the error of the last reload
        },
        "upstreams": {
            name: {
                "circuit": circuit,
                "replicas": dict(replicas),
                "replicas_in_use": sum(is_healthy for _, is_healthy in replicas),
                "last_error": last_error or None,
            }
            for name, circuit, replicas, last_error in upstreams
        },
    }
    return json.dumps(state).encode()


@read_only
def live(request: HttpRequest) -> HttpResponse:
    """Respond with 200 while the process serves requests."""
    return JsonResponse({"status": "ok"}, headers=security_headers(request))


@read_only
def ready(request: HttpRequest) -> HttpResponse:
    """Respond with 200 once the routes are loaded."""
    gateway()
    return JsonResponse({"status": "ok"}, headers=security_headers(request))


def unknown(request: HttpRequest, rest: str) -> HttpResponse:
    """Respond with 404: paths under ``/health`` are never forwarded."""
    return not_found(request, Exception(rest))
