"""The address of a client behind proxies, by one rule for the gateway and the services.

Forwarding headers such as ``X-Forwarded-For`` are trusted if the peer's address is in ``settings.TRUSTED_PROXIES`` or,
at a service, if the request has a service token, as those of the gateway do. Otherwise they are removed.
"""

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from chassis.service_token import has_service_token

_PORT = r"^\[(.+)\](?::\d+)?$|^([\d.]+):\d+$"  # of an address, which is the first or second group


class ForwardedMiddleware:
    """Removes forwarding headers of untrusted peers. It must come before all code that reads them.

    This makes Django's use of ``X-Forwarded-Proto`` (``SECURE_PROXY_SSL_HEADER``) and ``X-Forwarded-Host``
    (``USE_X_FORWARDED_HOST``) safe, too.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Handle the request."""
        if not is_trusted_proxy(request.META.get("REMOTE_ADDR", "")) and not has_service_token(request):
            for key in [key for key in request.META if is_forwarding_field(key.removeprefix("HTTP_"))]:
                del request.META[key]
        return self.get_response(request)


def client_address(request: HttpRequest) -> str:
    """Return the client's address, after ``ForwardedMiddleware`` has processed ``request``."""
    forwarded_for = request.META.get("HTTP_X_FORWARDED_FOR")
    peer: str = request.META.get("REMOTE_ADDR", "")
    return original_address(peer, [forwarded_for]) if forwarded_for else peer


def original_address(peer: str, forwarded_for: Iterable[str]) -> str:
    """Return the last address in ``X-Forwarded-For`` that is not in ``settings.TRUSTED_PROXIES``.

    Each proxy appends the address of its peer, so a client can forge only the entries before its own address. They are
    ignored. A malformed entry is ignored, too, with all entries before it. An entry may have a port, as some load
    balancers send it: ``192.0.2.7:4711`` or ``[2001:db8::7]:4711``.

    Args:
        peer: the address of the trusted peer.
        forwarded_for: the values of the header, in order.
    """
    chain = [re.sub(_PORT, r"\1\2", entry.strip()) for value in forwarded_for for entry in value.split(",")]
    address = peer
    while chain and _parsed(chain[-1]):
        address = chain.pop()
        if not is_trusted_proxy(address):
            break
    return address


def is_trusted_proxy(address: str) -> bool:
    """Whether ``address`` is in ``settings.TRUSTED_PROXIES``."""
    return _is_in(address, tuple(settings.TRUSTED_PROXIES))


@lru_cache(maxsize=128)
def is_forwarding_field(name: str) -> bool:
    """Whether ``name`` is a forwarding header, such as ``Forwarded``; ``_`` counts as ``-``, as in WSGI."""
    name = name.lower().replace("_", "-")
    return name.startswith("x-forwarded-") or name in ("forwarded", "x-real-ip")


@lru_cache(maxsize=4096)
def _is_in(address: str, networks: tuple[IPv4Network | IPv6Network, ...]) -> bool:
    parsed = _parsed(address)
    return parsed is not None and any(parsed in network for network in networks)


def _parsed(address: str) -> IPv4Address | IPv6Address | None:
    """Return the parsed address, None if it is malformed. An IPv4-mapped IPv6 address becomes IPv4."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return None
    return (parsed.ipv4_mapped or parsed) if isinstance(parsed, IPv6Address) else parsed
