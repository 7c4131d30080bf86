"""The request as the client sent it, which Django's own request no longer shows."""

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
    """What the gateway needs of a body; ``http1.body.Body`` is one."""

    length: int | None
    trailers: Fields
    finished: bool

    def __iter__(self) -> Iterator[bytes]:
        """Return the pieces."""


def _no_interim(status: int, reason: str, fields: Fields) -> None:
    """Drop it."""


@dataclass(slots=True)
class Received:
    """One request: what came over the wire, and from whom; forwarding fields only if the client is trusted."""

    head: RequestHead
    body: RequestBody
    client: str  # the address of the peer; empty behind a Unix socket
    scheme: str
    send_interim: Callable[[int, str, Fields], None] = _no_interim
    client_seconds: float | None = None  # between two pieces of the body; None: no limit
    carries_tunnels: bool = False  # whether the server can go on with a tunnel after a 101
    route: str = NO_ROUTE  # the path of its route, once that is known
    principal: "Principal | None" = None  # who sends it, once that is known
    replica: str = ""  # host:port of the server whose response is forwarded, once that is known

    def __post_init__(self) -> None:
        """Remove the forwarding fields of an untrusted client, and those that could pass for one."""
        rule = _rule()
        is_trusted = rule.is_trusted_proxy(self.client)
        self.head.fields = [
            (name, value)
            for name, value in self.head.fields
            if not rule.is_forwarding_field(name) or (is_trusted and "_" not in name)
        ]

    @property
    def client_address(self) -> str:
        """The address of the client: that of the peer, or the one for which a trusted proxy acts."""
        address: str = _rule().original_address(self.client, values(self.head.fields, "x-forwarded-for"))
        return address


@cache
def _rule() -> Any:
    # Imported late, as gunicorn's main process loads this module before gevent patches the standard library.
    from chassis import client_address

    return client_address


def received(request: "HttpRequest") -> Received:
    """Return what the gateway's worker noted for ``request``.

    Under another server, such as Django's development server, it is put together from the WSGI environment: letter
    case and order of the headers and the coding of the path are then those that the server left.
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
    """The body of ``wsgi.input``, as long as Content-Length says."""

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
