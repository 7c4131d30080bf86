"""The routes and upstreams of a gateway process."""

import functools
from typing import TYPE_CHECKING

import gevent
from django.conf import settings

from proxy import current
from proxy.authentication.policy import Policy
from proxy.errors import NoRouteError
from proxy.limits import RateLimiter
from proxy.routes import Route, RouteTable
from proxy.upstreams.upstream import Upstream

if TYPE_CHECKING:
    from proxy.authentication.authenticator import Authenticator


class Gateway:
    """The routes and upstreams of the active configuration."""

    def __init__(self) -> None:
        self.current = current.current()
        configuration = self.current.configuration
        self.upstreams = {name: Upstream(settings) for name, settings in configuration.upstreams.items()}
        self.rate_limiter = RateLimiter(settings.REDIS_URL)
        self.authenticator = _authenticator(configuration.auth, self.rate_limiter)
        self._table = RouteTable(configuration.routes)

    def route(self, path: str) -> Route:
        """Return the route for a request.

        Raises:
            NoRouteError: no route has ``path``, which is percent-decoded.
        """
        route = self._table.match(path)
        if route is None:
            raise NoRouteError("No route leads to this address.")
        return route


def _authenticator(policy: Policy, limiter: RateLimiter) -> "Authenticator | None":
    if not policy.enabled:
        return None
    # Imported here, as it loads cryptography, which a gateway without authentication does not need.
    from proxy.authentication.authenticator import Authenticator

    return Authenticator(policy, limiter)


@functools.cache
def gateway() -> Gateway:
    """Return the gateway of this process."""
    return Gateway()


def start() -> None:
    """Start to keep the keys of issuers fresh in this process, if requests need credentials."""
    if current.current().configuration.auth.enabled and (authenticator := gateway().authenticator):
        gevent.spawn(authenticator.run)
