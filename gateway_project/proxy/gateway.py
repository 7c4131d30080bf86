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
            NoRouteError: no route matches ``path``, which is percent-decoded.
        """
        route = self._table.match(path)
        if route is None:
            raise NoRouteError("No route matches this path.")
        return route


def _authenticator(policy: Policy, limiter: RateLimiter) -> "Authenticator | None":
    if not policy.enabled:
        return None
    # Imported here: a gateway without authentication need not load cryptography.
    from proxy.authentication.authenticator import Authenticator

    return Authenticator(policy, limiter)


@functools.cache
def gateway() -> Gateway:
    """Return the gateway of this process."""
    return Gateway()


def start() -> None:
    """Start refreshing the issuers' keys in the background, if authentication is enabled."""
    if current.current().configuration.auth.enabled and (authenticator := gateway().authenticator):
        gevent.spawn(authenticator.run)
