"""The routes and upstreams of a gateway process."""

import functools

from django.conf import settings

from proxy import current
from proxy.errors import NoRouteError
from proxy.limits import RateLimiter
from proxy.routes import Route, RouteTable
from proxy.upstreams.upstream import Upstream


class Gateway:
    """The routes and upstreams of the active configuration."""

    def __init__(self) -> None:
        self.current = current.current()
        configuration = self.current.configuration
        self.upstreams = {name: Upstream(settings) for name, settings in configuration.upstreams.items()}
        self.rate_limiter = RateLimiter(settings.REDIS_URL)
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


@functools.cache
def gateway() -> Gateway:
    """Return the gateway of this process."""
    return Gateway()
