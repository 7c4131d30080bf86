"""Cache of the services' OpenAPI documents: the last valid one of each."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import gevent

from portal.fetch import FetchError, fetch
from portal.merge import Part, UnusableDocumentError, part_of
from proxy.authentication.scopes import is_mapped
from proxy.gateway import gateway
from proxy.routes import RouteTable
from proxy.upstreams.replica import Replica

PATH = "/openapi.json"  # on a service's own address
_SECONDS = 2.0  # timeout of one document
_WAIT_SECONDS = 1.0  # seconds that a request waits for documents
_FRESH_SECONDS = 5.0  # between two fetches of a document
_RETRY_SECONDS = 1.0  # before a retry after a failure
_OK, _NOT_FOUND = 200, 404


@dataclass
class Document:
    """The document of one service, and the reason if it is stale."""

    content: dict[str, Any] | None = None  # the last valid one
    stale_since: datetime | None = None  # time of the first failed fetch since then
    reason: str = ""  # of the last failure
    tried_at: float | None = None  # monotonic

    @property
    def is_due(self) -> bool:
        """Whether the document may be fetched again."""
        seconds = _RETRY_SECONDS if self.reason else _FRESH_SECONDS
        return self.tried_at is None or time.monotonic() - self.tried_at >= seconds

    def note_failure(self, reason: str) -> None:
        """Record a failed fetch."""
        self.reason = reason
        self.stale_since = self.stale_since or datetime.now(UTC)


class Documents:
    """Fetches and caches the documents of all services."""

    def __init__(self) -> None:
        self._known: dict[str, Document] = {}
        self._running: dict[str, gevent.Greenlet] = {}  # by service, the last fetch

    def of(self, service: str) -> Document:
        """Return the cache entry of ``service``."""
        return self._known.setdefault(service, Document())

    def fetch_missing(self) -> None:
        """Fetch the documents that are not cached yet, so that a later outage leaves the merged document complete."""
        self._fetch([name for name in gateway().upstreams if not self.of(name).content], _SECONDS)

    def refresh(self) -> None:
        """Fetch all documents that are due; wait at most one second."""
        self._fetch([name for name in gateway().upstreams if self.of(name).is_due], _WAIT_SECONDS)

    def _fetch(self, names: list[str], timeout: float) -> None:
        for name in names:
            if name not in self._running or self._running[name].ready():
                self.of(name).tried_at = time.monotonic()
                self._running[name] = gevent.spawn(self._fetch_one, name)
        waited_for = dict(self._running)  # a snapshot: includes fetches of other requests, but no later ones
        gevent.joinall(list(waited_for.values()), timeout=timeout)
        for name, fetching in waited_for.items():
            if not fetching.ready():  # a document that arrives later clears the failure
                self.of(name).note_failure(f"No document within {timeout:g} s.")

    def _fetch_one(self, name: str) -> None:
        document = self.of(name)
        try:
            document.content = _read(name)
        except (FetchError, UnusableDocumentError) as error:
            document.note_failure(str(error))
        else:
            document.reason, document.stale_since = "", None


def part(service: str, content: Any) -> Part:
    """Return the part of the document ``content`` that the gateway exposes.

    Raises:
        UnusableDocumentError: ``content`` is not an OpenAPI 3.1 document.
    """
    configuration = gateway().current.configuration
    table = RouteTable(configuration.routes)

    def passes(path: str, method: str) -> bool:
        route = table.match(path)
        if route is None or route.upstream != service or method not in (route.methods or [method]):
            return False
        return not configuration.auth.enabled or is_mapped(route, method)

    return part_of(service, content, passes)


def _read(service: str) -> dict[str, Any] | None:
    upstream = gateway().upstreams[service]
    upstream.resolve()
    error = FetchError("The host name of the service has no address.")
    for replica in sorted(upstream.replicas, key=lambda replica: not replica.is_healthy):
        try:
            return _read_from(replica, service)
        except FetchError as failure:
            error = failure
    raise error


def _read_from(replica: Replica, service: str) -> dict[str, Any] | None:
    response = fetch(replica, PATH, seconds=_SECONDS)
    if response.status == _NOT_FOUND:
        return None  # a service without a document
    if response.status != _OK:
        raise FetchError(f"{PATH} responds with {response.status}.")
    content: dict[str, Any] = response.json()
    part(service, content)
    return content
