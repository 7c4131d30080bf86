"""The views of the portal."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import drf_spectacular_sidecar
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.static import serve

from portal import links
from portal.commands import commands, needs_credentials
from portal.openapi import document
from portal.operations import sections
from portal.state import SPARKLINE_HEIGHT, SPARKLINE_WIDTH, ServiceState, services, summary
from problems.responses import isolate, security_headers
from problems.views import not_found
from proxy.gateway import gateway
from proxy.health import read_only
from proxy.views import forward

# Pages may load scripts and styles from this origin only; inline ones are blocked.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_OWN = Path(__file__).parent / "static" / "portal"
_SWAGGER = Path(drf_spectacular_sidecar.__file__).parent / "static" / "drf_spectacular_sidecar" / "swagger-ui-dist"
_FILES = {file.name: _OWN for file in _OWN.iterdir()} | dict.fromkeys(
    ("swagger-ui-bundle.js", "swagger-ui.css"), _SWAGGER
)


def landing(request: HttpRequest) -> HttpResponseBase:
    """Respond to ``/`` with the HTML page or the JSON index, unless the routes file has a route for ``/``."""
    if any(route.path == "/" for route in gateway().current.configuration.routes):
        return forward(request)
    return _landing(request)


@read_only
def _landing(request: HttpRequest) -> HttpResponse:
    states = services()
    if request.get_preferred_type(["application/json", "text/html"]) == "text/html":
        own = {
            "api": links.api(),
            "admins": links.admins(),
            "commands": commands(links.origin(request)),
            "needs_credentials": needs_credentials(),
        }
        response = _page(request, "portal/landing.html", _live(states) | own)
    else:
        index = {"services": {one.name: one.as_json() for one in states}, "links": links.index(request)}
        response = _secured(request, JsonResponse(index))
    response["Vary"] = "Accept"
    return response


@read_only
def status(request: HttpRequest) -> HttpResponse:
    """Respond with the live part of the page at ``/``."""
    return _page(request, "portal/status.html", _live(services()))


@read_only
def openapi(request: HttpRequest) -> HttpResponse:
    """Respond with the OpenAPI document of all services."""
    return _secured(request, JsonResponse(document(), json_dumps_params={"ensure_ascii": False}))


@read_only
def docs(request: HttpRequest) -> HttpResponse:
    """Respond with a list of all operations, and Swagger UI."""
    return _page(request, "portal/docs.html", {"sections": sections(document())})


@read_only
def static(request: HttpRequest, name: str) -> HttpResponse:
    """Respond with a style sheet, a script or an image."""
    if name not in _FILES:
        return unknown(request)
    response: Any = serve(request, name, document_root=str(_FILES[name]))
    response["Cache-Control"] = "no-cache"  # browsers revalidate each time, and get 304 for unchanged files
    return _with_headers(request, response)


def unknown(request: HttpRequest, rest: str = "") -> HttpResponse:
    """Respond with 404: no path under ``/-/`` is forwarded."""
    return not_found(request, Exception(rest))


def _live(states: Sequence[ServiceState]) -> dict[str, Any]:
    return {"services": states, "summary": summary(states), "width": SPARKLINE_WIDTH, "height": SPARKLINE_HEIGHT}


def _page(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    response = render(request, template, context)
    response["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
    isolate(response)
    return _secured(request, response)


def _secured(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    response["Cache-Control"] = "no-store"
    return _with_headers(request, response)


def _with_headers(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    for name, value in security_headers(request).items():
        response[name] = value
    return response
