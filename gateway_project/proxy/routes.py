"""Routes: which path belongs to which upstream."""

from collections.abc import Iterable
from dataclasses import dataclass
from posixpath import normpath
from urllib.parse import SplitResult, urlsplit

from proxy.units import Rate


@dataclass(frozen=True)
class UpstreamSettings:
    """One upstream: the replicas of a service, and how patient the gateway is with them. Durations are in seconds."""

    name: str
    urls: tuple[str, ...]
    connect_timeout: float = 1.0
    read_timeout: float = 10.0  # between bytes
    total_timeout: float | None = None  # for a whole exchange, retries included
    preserve_host: bool = True  # send the client's Host, not the upstream's own
    probe_path: str = "/"  # asked of a replica that was set aside; any answer below 500 brings it back
    breaker_failures: int = 5  # exchanges that fail in a row and open the circuit
    breaker_seconds: float = 5.0  # how long an open circuit refuses

    @property
    def addresses(self) -> tuple[SplitResult, ...]:
        """The urls, split."""
        return tuple(urlsplit(url) for url in self.urls)


@dataclass(frozen=True)
class Route:
    """A path, and everything under it by whole segments; ``/`` is a catch-all."""

    path: str
    upstream: str
    methods: tuple[str, ...] | None = None  # None: every method
    max_body: int | None = None  # bytes; None: no limit of the gateway's own
    rate_limit: Rate | None = None  # per client
    request_buffering: bool = True  # receive the body whole before the upstream is asked; False: stream it
    enabled: bool = True  # False: as if it were not there


class RouteTable:
    """Finds the route of a path; the longest one wins."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._routes = {route.path: route for route in routes}

    def match(self, path: str) -> Route | None:
        """Return the route of ``path``, percent-decoded, or None.

        Dot segments are resolved first, as an upstream may do it (RFC 3986, section 5.2.4): a path cannot slip
        past the limits of the route that it ends up in.
        """
        if "/." in path:
            path = normpath(path)
        while path and path != "/":
            if route := self._routes.get(path):
                return route
            path = path.rpartition("/")[0]
        return self._routes.get("/")
