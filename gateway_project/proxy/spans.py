"""The gateway's spans; no-ops while tracing is off."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from http1.fields import values
from observability import tracing
from observability.polled import is_polled
from proxy.received import NO_ROUTE, Received
from proxy.upstreams.replica import Replica

if TYPE_CHECKING:
    from http1.response_writer import ResponseWriter


_NO_SPAN = nullcontext()


def server_span(received: Received, writer: "ResponseWriter") -> AbstractContextManager[None]:
    """Trace a request from its head to the last byte of the response, except health checks and metrics."""
    if not tracing.is_on() or is_polled(received.head.path):
        return _NO_SPAN
    return _server_span(received, writer)


@contextmanager
def _server_span(received: Received, writer: "ResponseWriter") -> Iterator[None]:
    from observability import spans

    head = received.head
    attributes: dict[str, str | int] = {
        "url.path": head.path,
        "url.scheme": received.scheme,
        "client.address": received.client_address,
    }
    for host in values(head.fields, "host"):
        attributes |= spans.server_attributes(host, received.scheme)
    for user_agent in values(head.fields, "user-agent")[:1]:
        attributes["user_agent.original"] = user_agent
    with spans.server_span(head.method, attributes, head.fields):
        try:
            yield
        finally:
            route = "" if received.route == NO_ROUTE else received.route
            spans.describe_request(head.method, route, writer.request_id)
            if writer.status:
                spans.note_status(int(writer.status))


def note_response(status: int) -> None:
    """Add the status of a replica's response to the span of the attempt."""
    if tracing.is_on():
        from observability import spans

        spans.note_status(status, first_error=HTTPStatus.BAD_REQUEST)


def client_span(received: Received, replica: Replica, resends: int) -> AbstractContextManager[None]:
    """Trace an attempt to get a response from ``replica``, until its head is received."""
    if not tracing.is_on():
        return _NO_SPAN
    from observability import spans

    server, peer = urlsplit(f"//{replica.authority}"), urlsplit(f"//{replica.address}")
    attributes: dict[str, str | int] = {
        "url.full": f"{replica.scheme}://{replica.authority}{received.head.path}",
        "server.address": server.hostname or "",
        "server.port": server.port or 80,
        "network.peer.address": peer.hostname or "",
    }
    if resends:
        attributes["http.request.resend_count"] = resends
    return spans.client_span(received.head.method, attributes)
