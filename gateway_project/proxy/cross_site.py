"""Cross-site request forgery is refused before it reaches a service (OWASP; Fetch Metadata, section 2).

A browser says with an unsafe request where it comes from: in ``Sec-Fetch-Site``, and in ``Origin``, which alone older
browsers send, and all of them over plain HTTP. Programs send neither, and notice nothing.
"""

from django.conf import settings

from http1.fields import values
from proxy.errors import CrossSiteError
from proxy.received import Received

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})  # RFC 9110, section 9.2.1
_OWN_SITES = frozenset({"same-origin", "none"})  # none: the user's own doing, such as a bookmark
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}


def check_origin(received: Received) -> None:
    """Refuse an unsafe request that a browser sends from an origin that is foreign and not allowed.

    Raises:
        CrossSiteError: it comes from elsewhere, and not from one of ``settings.ALLOWED_ORIGINS``.
    """
    fields = received.head.fields
    if received.head.method in _SAFE_METHODS:
        return
    origins = {origin.lower() for origin in values(fields, "origin")}
    if origins and origins <= settings.ALLOWED_ORIGINS:
        return
    if sites := values(fields, "sec-fetch-site"):
        is_own = _OWN_SITES.issuperset(sites)
    else:
        is_own = origins <= _own_origins(received)
    if not is_own:
        raise CrossSiteError("A request from another site may not change anything here.")


def _own_origins(received: Received) -> set[str]:
    """Return the origins as which a browser may know this gateway: as the client says, or a trusted proxy."""
    fields = received.head.fields
    schemes = values(fields, "x-forwarded-proto") or [received.scheme]
    hosts = values(fields, "host") + values(fields, "x-forwarded-host")
    return {
        f"{scheme}://{host.lower().removesuffix(_DEFAULT_PORTS.get(scheme, ''))}"
        for scheme in schemes
        for host in hosts
    }
