"""Links of the portal, derived from the routes file."""

from collections.abc import Sequence
from typing import NamedTuple

from django.http import HttpRequest

from http1.fields import values
from proxy.gateway import gateway
from proxy.received import received

_ADMIN, _STATIC = "/admin/", "/static/"


class Link(NamedTuple):
    """A link and its text."""

    address: str
    text: str


def api() -> list[Link]:
    """Return the routes of the API, which a browser shows as pages."""
    return [Link(path, path) for path in _paths() if not path.startswith((_ADMIN, _STATIC))]


def admins() -> list[Link]:
    """Return the routes of the admins; empty without ``EXPOSE_ADMIN``."""
    return [Link(f"{path}/", path.removeprefix(_ADMIN)) for path in _paths() if path.startswith(_ADMIN)]


def _paths() -> Sequence[str]:
    return [route.path for route in gateway().current.configuration.routes]


def origin(request: HttpRequest) -> str:
    """Return the gateway's origin for the client, such as ``http://localhost:8081``; trusted proxies may set it."""
    forwarded = values(received(request).head.fields, "x-forwarded-host")
    host = forwarded[0].partition(",")[0].strip() if forwarded else request.META.get("HTTP_HOST", "localhost")
    return f"{request.scheme}://{host}"


def index(request: HttpRequest) -> dict[str, object]:
    """Return the links of the JSON index."""
    base = origin(request)
    return {
        "api": [base + link.address for link in api()],
        "admins": [base + link.address for link in admins()],
        "docs": f"{base}/-/docs",
        "openapi": f"{base}/-/openapi.json",
        "health": f"{base}/health",
    }
