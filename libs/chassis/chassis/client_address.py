"""The address of the client, when proxies stand between: one rule for the gateway and the services.

``X-Forwarded-For``, ``-Proto``, ``-Host`` and their kin count if the peer is trusted: its address is in
``settings.TRUSTED_PROXIES``, or, at a service, it shows a service token, as the gateway does. From anybody else they
are removed before anything reads them.
"""

from collections.abc import Callable, Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from chassis.service_token import has_service_token


class ForwardedMiddleware:
    """Removes the forwarding fields of untrusted peers; stands before everything that reads them.

    What Django makes of ``X-Forwarded-Proto`` (``SECURE_PROXY_SSL_HEADER``) and ``X-Forwarded-Host``
    (``USE_X_FORWARDED_HOST``) is then safe, too.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer the request."""
        if not is_trusted_proxy(request.META.get("REMOTE_ADDR", "")) and not has_service_token(request):
            for key in [key for key in request.META if is_forwarding_field(key.removeprefix("HTTP_"))]:
                del request.META[key]
        return self.get_response(request)


def client_address(request: HttpRequest) -> str:
    """Return the address of the client of ``request``, which ``ForwardedMiddleware`` has seen."""
    forwarded_for = request.META.get("HTTP_X_FORWARDED_FOR")
    peer: str = request.META.get("REMOTE_ADDR", "")
    return original_address(peer, [forwarded_for]) if forwarded_for else peer


def original_address(peer: str, forwarded_for: Iterable[str]) -> str:
    """Return the last address in ``X-Forwarded-For`` that is not in ``settings.TRUSTED_PROXIES``.

    Each proxy appends the address of its own peer, so what stands before the first untrusted address is its own word
    and does not count; neither does what is no address.

    Args:
        peer: the address of the peer, which is trusted.
        forwarded_for: the values of the field, in order.
    """
    chain = [entry.strip() for value in forwarded_for for entry in value.split(",")]
    address = peer
    while chain and _parsed(chain[-1]):
        address = chain.pop()
        if not is_trusted_proxy(address):
            break
    return address


def is_trusted_proxy(address: str) -> bool:
    """Whether ``address`` is in ``settings.TRUSTED_PROXIES``."""
    return _is_in(address, settings.TRUSTED_PROXIES)


@lru_cache(maxsize=1024)
def is_forwarding_field(name: str) -> bool:
    """Whether the header field ``name`` says for whom a proxy acts; ``_`` counts as ``-``, as in WSGI."""
    name = name.lower().replace("_", "-")
    return name.startswith("x-forwarded-") or name in ("forwarded", "x-real-ip")


@lru_cache(maxsize=4096)
def _is_in(address: str, networks: tuple[IPv4Network | IPv6Network, ...]) -> bool:
    parsed = _parsed(address)
    return parsed is not None and any(parsed in network for network in networks)


def _parsed(address: str) -> IPv4Address | IPv6Address | None:
    """Return the address; an IPv4 client of a socket that listens on both kinds is known by its own address."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return None
    return (parsed.ipv4_mapped or parsed) if isinstance(parsed, IPv6Address) else parsed
