"""The OpenAPI documents of the services: the last good one of each."""

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
_SECONDS = 2.0  # for one document
_WAIT_SECONDS = 1.0  # seconds that a request waits for documents
_FRESH_SECONDS = 5.0  # for which a document is not asked for again
_RETRY_SECONDS = 1.0  # after which one that did not come is
_OK, _NOT_FOUND = 200, 404


@dataclass
class Document:
    """The document of one service, and why it may be stale."""

    content: dict[str, Any] | None = None  # the last good one
    stale_since: datetime | None = None  # when the service was first asked for it without success
    reason: str = ""  # why there is no newer one
    tried_at: float | None = None  # monotonic

    @property
    def is_due(self) -> bool:
        """Whether the service may be asked again."""
        seconds = _RETRY_SECONDS if self.reason else _FRESH_SECONDS
        return self.tried_at is None or time.monotonic() - self.tried_at >= seconds

    def note_failure(self, reason: str) -> None:
        """Note that the service was asked for its document without success."""
        self.reason = reason
        self.stale_since = self.stale_since or datetime.now(UTC)


class Documents:
    """The documents of all services."""

    def __init__(self) -> None:
        self._known: dict[str, Document] = {}
        self._running: dict[str, gevent.Greenlet] = {}  # by service, the last fetch

    def of(self, service: str) -> Document:
        """Return what is known of the document of ``service``."""
        return self._known.setdefault(service, Document())

    def fetch_missing(self) -> None:
        """Fetch the documents that were never read, so that a later outage leaves the whole."""
        self._fetch([name for name in gateway().upstreams if not self.of(name).content], _SECONDS)

    def refresh(self) -> None:
        """Fetch all documents, unless that was done a moment ago; wait one second at most."""
        self._fetch([name for name in gateway().upstreams if self.of(name).is_due], _WAIT_SECONDS)

    def _fetch(self, names: list[str], timeout: float) -> None:
        for name in names:
            if name not in self._running or self._running[name].ready():
                self.of(name).tried_at = time.monotonic()
                self._running[name] = gevent.spawn(self._fetch_one, name)
        waited_for = dict(self._running)  # those of others, too, but none that begins meanwhile
        gevent.joinall(list(waited_for.values()), timeout=timeout)
        for name, fetching in waited_for.items():
            if not fetching.ready():  # a late document ends it
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
    """Return what the gateway passes on of the document ``content``.

    Raises:
        UnusableDocumentError: it is not a document of OpenAPI 3.1.
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
    error = FetchError("The name of the service has no address.")
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
