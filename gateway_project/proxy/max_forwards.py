"""Max-Forwards limits how many proxies forward a TRACE or OPTIONS request (RFC 9110, section 7.6.2)."""

from django.http import HttpResponse

from http1.fields import Fields, format_fields, values
from http1.head import RequestHead
from proxy.routes import Route

_COUNTED_METHODS = ("OPTIONS", "TRACE")
_SECRETS = frozenset({"authorization", "cookie", "proxy-authorization"})  # which TRACE must not echo (section 9.3.8)


def _left(head: RequestHead) -> int | None:
    given = values(head.fields, "max-forwards") if head.method in _COUNTED_METHODS else []
    return int(given[0]) if len(given) == 1 and given[0].isdecimal() and len(given[0]) < 10 else None  # noqa: PLR2004


def respond_here(head: RequestHead, route: Route) -> HttpResponse | None:
    """Return the gateway's response if Max-Forwards is 0; None if the request may be forwarded."""
    if _left(head) != 0:
        return None
    if head.method == "OPTIONS":
        return HttpResponse(headers={"Allow": ", ".join(route.methods)} if route.methods else {})
    shown = [pair for pair in head.fields if pair[0].lower() not in _SECRETS]
    text = f"TRACE {head.target} HTTP/{head.version[0]}.{head.version[1]}\r\n{format_fields(shown)}\r\n"
    return HttpResponse(text.encode("latin-1"), content_type="message/http")


def count_down(head: RequestHead, fields: Fields) -> Fields:
    """Return ``fields`` with Max-Forwards decremented, if the request has it."""
    left = _left(head)
    if left is None:
        return fields
    return [(name, str(left - 1)) if name.lower() == "max-forwards" else (name, value) for name, value in fields]
