"""Cross-origin resource sharing (CORS) for routes with ``cors_origins`` (Fetch standard, section 3.3).

On such a route the gateway replaces the upstream's CORS headers, so that pages can read the gateway's errors as well.
"""

import re

from django.http import HttpResponse
from django.http.response import HttpResponseBase

from http1.fields import TOKEN, members, values
from http1.head import RequestHead
from proxy.errors import CrossSiteError
from proxy.routes import Route

_EXPOSED = "ETag, Location, RateLimit, RateLimit-Policy, Retry-After, X-Request-ID, Idempotent-Replayed"
_MAX_AGE = "7200"  # seconds that a browser may cache a preflight; Chromium's maximum
_TOKENS = re.compile(rf"{TOKEN}(?:[ \t]*,[ \t]*{TOKEN})*")


def preflight_response(route: Route, head: RequestHead) -> HttpResponse | None:
    """Return the response to a preflight; None for other requests, and for routes without ``cors_origins``.

    Raises:
        CrossSiteError: the origin is not in ``cors_origins``.
    """
    if not route.cors_origins or not is_preflight(head):
        return None
    if not _allowed_origin(route, head):
        raise CrossSiteError("Pages of this origin may not use this route.")
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
    """Return whether the request is a CORS preflight, which browsers send without credentials."""
    return head.method == "OPTIONS" and all(
        values(head.fields, name) for name in ("origin", "access-control-request-method")
    )


def set_cors_headers(response: HttpResponseBase, route: Route, head: RequestHead) -> None:
    """Set the CORS headers of ``response``; only pages of allowed origins may read it, with credentials."""
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
