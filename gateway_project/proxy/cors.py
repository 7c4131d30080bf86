"""Cross-origin resource sharing (the Fetch standard, section 3.3): pages of a route's ``cors_origins`` may use it.

On such a route the gateway alone states the policy, so that its own errors are readable as well; what the upstream
states is replaced.
"""

import re

from django.http import HttpResponse
from django.http.response import HttpResponseBase

from http1.fields import TOKEN, members, values
from http1.head import RequestHead
from proxy.errors import CrossSiteError
from proxy.routes import Route

_EXPOSED = "ETag, Location, RateLimit, RateLimit-Policy, Retry-After, X-Request-ID, Idempotent-Replayed"
_MAX_AGE = "7200"  # seconds that a browser keeps the response to a preflight; Chromium keeps none for longer
_TOKENS = re.compile(rf"{TOKEN}(?:[ \t]*,[ \t]*{TOKEN})*")


def preflight_response(route: Route, head: RequestHead) -> HttpResponse | None:
    """Return the response to a preflight; None for other requests, and for routes without ``cors_origins``.

    Raises:
        CrossSiteError: the origin is not among them.
    """
    if not route.cors_origins or not is_preflight(head):
        return None
    if not _allowed_origin(route, head):
        raise CrossSiteError("Pages of this origin may not use this address.")
    response = HttpResponse(status=204, headers={"Access-Control-Max-Age": _MAX_AGE})
    del response["Content-Type"]
    for name, allowed in {
        "Access-Control-Allow-Methods": route.methods or values(head.fields, "access-control-request-method"),
        "Access-Control-Allow-Headers": values(head.fields, "access-control-request-headers"),
    }.items():
        if value := ", ".join(filter(_TOKENS.fullmatch, allowed)):
            response[name] = value
    return response


def is_preflight(head: RequestHead) -> bool:
    """Return whether a browser asks what it may send; it does so without credentials."""
    return head.method == "OPTIONS" and all(
        values(head.fields, name) for name in ("origin", "access-control-request-method")
    )


def set_cors_headers(response: HttpResponseBase, route: Route, head: RequestHead) -> None:
    """Set the fields by which only pages of allowed origins can read ``response``, with credentials."""
    origin = _allowed_origin(route, head)
    for name, value in {
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Allow-Credentials": "true",
        "Access-Control-Expose-Headers": _EXPOSED,
    }.items():
        if origin:
            response[name] = value
        else:
            del response[name]
    fields = list(response.items())
    if not {"*", "origin"}.intersection(members(fields, "vary")):
        response["Vary"] = ", ".join([*values(fields, "vary"), "Origin"])


def _allowed_origin(route: Route, head: RequestHead) -> str:
    origins = values(head.fields, "origin")
    return origins[0] if len(origins) == 1 and origins[0].lower() in route.cors_origins else ""
