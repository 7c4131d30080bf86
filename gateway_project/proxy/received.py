"""The request as the client sent it. Django's request does not keep the order and case of header fields."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import quote

from http1.fields import Fields, values
from http1.head import RequestHead

if TYPE_CHECKING:
    from django.http import HttpRequest

    from proxy.authentication.principal import Principal

ENVIRON_KEY = "gateway.received"
NO_ROUTE = "none"


class RequestBody(Protocol):
    """The interface of a request body; ``http1.body.Body`` implements it."""

    length: int | None
    trailers: Fields
    finished: bool

    def __iter__(self) -> Iterator[bytes]:
        """Yield the pieces of the body."""


def _no_interim(status: int, reason: str, fields: Fields) -> None:
    """Drop the interim response."""


@dataclass(slots=True)
class Received:
    """A request with its peer address; forwarding fields of untrusted peers are removed."""

    head: RequestHead
    body: RequestBody
    client: str  # address of the peer; empty for a Unix socket
    scheme: str
    send_interim: Callable[[int, str, Fields], None] = _no_interim
    client_seconds: float | None = None  # timeout between two pieces of the body; None: no limit
    supports_tunnels: bool = False  # whether the server supports WebSocket tunnels
    route: str = NO_ROUTE  # path of the matched route
    principal: "Principal | None" = None  # the authenticated sender
    replica: str = ""  # host:port of the server whose response is forwarded

    def __post_init__(self) -> None:
        """Remove forwarding fields of an untrusted peer, and every form of them with underscores."""
        rule = _rule()
        is_trusted = rule.is_trusted_proxy(self.client)
        self.head.fields = [
            (name, value)
            for name, value in self.head.fields
            if not rule.is_forwarding_field(name) or (is_trusted and "_" not in name)
        ]

    @property
    def client_address(self) -> str:
        """The client's address: the peer's, or the one that a trusted proxy reports."""
        address: str = _rule().original_address(self.client, values(self.head.fields, "x-forwarded-for"))
        return address


@cache
def _rule() -> Any:
    # Imported here: gunicorn's main process loads this module before gevent patches the standard library.
    from chassis import client_address

    return client_address


def received(request: "HttpRequest") -> Received:
    """Return the original of ``request``, which the gateway's worker stores in the WSGI environment.

    Other servers, such as Django's development server, do not store it. It is then rebuilt from the WSGI environment,
    without the original case and order of the header fields and the original encoding of the path.
    """
    noted: Received | None = request.META.get(ENVIRON_KEY)
    return noted or _from_environ(request.META)


def _from_environ(environ: dict[str, Any]) -> Received:
    fields = [
        (key.removeprefix("HTTP_").replace("_", "-").title(), value)
        for key, value in environ.items()
        if value and (key.startswith("HTTP_") or key in ("CONTENT_TYPE", "CONTENT_LENGTH"))
    ]
    body = _EnvironBody(environ)
    target = environ.get("RAW_URI") or _target(environ)
    head = RequestHead(environ["REQUEST_METHOD"], target, (1, 1), fields, body.length)
    return Received(head, body, environ.get("REMOTE_ADDR", ""), environ["wsgi.url_scheme"])


def _target(environ: dict[str, Any]) -> str:
    path = quote(environ["PATH_INFO"], safe="/:@!$&'()*+,;=~")
    return f"{path}?{environ['QUERY_STRING']}" if environ.get("QUERY_STRING") else path


class _EnvironBody:
    """A request body that is read from ``wsgi.input``, up to Content-Length."""

    def __init__(self, environ: dict[str, Any]) -> None:
        self.length: int | None = int(environ.get("CONTENT_LENGTH") or 0)
        self.trailers: Fields = []
        self.finished = not self.length
        self._input = environ["wsgi.input"]

    def __iter__(self) -> Iterator[bytes]:
        left = self.length or 0
        while left and (piece := self._input.read(min(left, 65536))):
            left -= len(piece)
            yield piece
        self.finished = True
