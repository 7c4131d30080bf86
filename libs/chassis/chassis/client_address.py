"""Who made a request, when proxies stand between."""

from functools import cache, lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest


@cache
def _trusted_networks() -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(ip_network(network) for network in settings.TRUSTED_PROXIES)


@lru_cache(maxsize=1024)
def _is_trusted(address: str) -> bool:
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    return any(parsed in network for network in _trusted_networks())


def client_address(request: HttpRequest) -> str:
    """Return the address of the client: the last one in ``X-Forwarded-For`` that is not a trusted proxy's.

    ``settings.TRUSTED_PROXIES`` lists networks (CIDR). What an untrusted peer says of itself is not believed.
    """
    address: str = request.META.get("REMOTE_ADDR", "")
    forwarded = [
        part.strip() for part in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if part.strip()
    ]
    while forwarded and _is_trusted(address):
        address = forwarded.pop()
    return address
