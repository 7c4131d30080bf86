"""Protection against cross-site request forgery (OWASP; Fetch Metadata, section 2).

Browsers send the origin of an unsafe request in ``Sec-Fetch-Site`` and ``Origin``. Older browsers, and all browsers
over plain HTTP, send only ``Origin``. Programs send neither and are not affected.
"""

from django.conf import settings

from http1.fields import values
from proxy.errors import CrossSiteError
from proxy.received import Received
from proxy.routes import Route
from proxy.websocket import is_handshake

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})  # RFC 9110, section 9.2.1
_OWN_SITES = frozenset({"same-origin", "none"})  # none: started by the user, such as a bookmark
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}


def check_origin(received: Received, route: Route) -> None:
    """Reject an unsafe request that a browser sends from a foreign origin, unless the origin is allowed.

    WebSocket handshakes count as unsafe: pages of every site may open a WebSocket and read its messages.

    Raises:
        CrossSiteError: the origin is foreign, and in neither ``settings.ALLOWED_ORIGINS`` nor the route's
            ``cors_origins``.
    """
    fields = received.head.fields
    if received.head.method in _SAFE_METHODS and not is_handshake(received, route):
        return
    origins = {origin.lower() for origin in values(fields, "origin")}
    if origins and origins <= settings.ALLOWED_ORIGINS.union(route.cors_origins):
        return
    if sites := values(fields, "sec-fetch-site"):
        is_own = _OWN_SITES.issuperset(sites)
    else:
        is_own = origins <= _own_origins(received)
    if not is_own:
        raise CrossSiteError("Unsafe requests from other sites are not allowed.")


def _own_origins(received: Received) -> set[str]:
    """Return the origins of this gateway according to the headers of the client or of a trusted proxy."""
    fields = received.head.fields
    schemes = values(fields, "x-forwarded-proto") or [received.scheme]
    hosts = values(fields, "host") + values(fields, "x-forwarded-host")
    return {
        f"{scheme}://{host.lower().removesuffix(_DEFAULT_PORTS.get(scheme, ''))}"
        for scheme in schemes
        for host in hosts
    }
