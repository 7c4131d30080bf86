"""Routes from paths to upstreams, and the settings of both."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from posixpath import normpath
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

from proxy.units import Rate


class CaFile(NamedTuple):
    """A file with the certificates of trusted authorities."""

    path: str
    certificates: str  # in PEM


@dataclass(frozen=True)
class UpstreamSettings:
    """The replicas of a service, with timeouts and circuit breaker settings. Durations are in seconds."""

    name: str
    urls: tuple[str, ...]
    ca_file: CaFile | None = None  # for https urls; None: the system's authorities
    connect_timeout: float = 1.0
    read_timeout: float = 10.0  # between two reads
    total_timeout: float | None = None  # of the whole exchange, including retries
    preserve_host: bool = True  # send the client's Host, not the upstream's own
    probe_path: str = "/"  # for probes of an ejected replica; a status below 500 reinstates it
    tunnel_idle_timeout: float = 300.0  # of a WebSocket, without a byte in either direction
    max_tunnels: int = 1000  # concurrent WebSockets, in each process
    breaker_failures: int = 5  # consecutive failures that open the circuit
    breaker_seconds: float = 5.0  # how long the circuit stays open

    @property
    def uses_tls(self) -> bool:
        """Whether a replica has an https URL."""
        return any(url.scheme == "https" for url in self.addresses)

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
    max_body: int | None = None  # bytes; None: no limit
    rate_limit: Rate | None = None  # per client
    request_buffering: bool = True  # receive the whole body before contacting the upstream; False: stream it
    websockets: bool = False  # forward WebSockets; False: drop Upgrade
    cors_origins: tuple[str, ...] = ()  # foreign origins whose pages may use the route; in lower case
    scopes: Mapping[str, frozenset[str]] | None = None  # required, by method or "default", while [auth] is enabled
    public: bool = False  # True: requires no credentials
    session_cookie: str = ""  # requests with this cookie and without credentials are forwarded
    enabled: bool = True  # False: ignore this route


class RouteTable:
    """Finds the route of a path; the longest one wins."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._routes = {route.path: route for route in routes}

    def match(self, path: str) -> Route | None:
        """Return the route of ``path``, percent-decoded, or None.

        The upstream gets the path as received, and may resolve dot segments (RFC 3986, section 5.2.4), merge slashes
        and cut off a fragment, or not. So a path has no route if these readings have different ones; otherwise it
        could bypass the limits of a route.
        """
        route = self._longest(path)
        if "/." in path or "//" in path or "#" in path:
            cut = path.partition("#")[0]
            readings = cut, *(normpath(f"/{each.lstrip('/')}") for each in (path, cut))
            return route if all(self._longest(each) is route for each in readings) else None
        return route

    def _longest(self, path: str) -> Route | None:
        while path and path != "/":
            if route := self._routes.get(path):
                return route
            path = path.rpartition("/")[0]
        return self._routes.get("/")
