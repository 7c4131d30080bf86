"""Header fields that the gateway forwards, removes and adds (RFC 9110, section 7.6)."""

import re

from chassis import service_token
from http1.fields import Fields, members, values
from http1.head import CHUNKED, ResponseHead
from observability import tracing
from proxy.max_forwards import count_down
from proxy.received import Received

_HOP_BY_HOP = frozenset({"connection", "keep-alive", "proxy-connection", "te", "transfer-encoding", "upgrade"})
# Even if Connection names them: without these fields, a request would get another meaning.
_NEVER_HOP_BY_HOP = re.compile("content-length|host|idempotency-key|forwarded|x-real-ip|x-forwarded-.*")
_OK, _NO_CONTENT = 200, 204
_PSEUDONYM = "gateway"
IDENTITY = "X-Internal-Identity"  # identity.internal, which loads cryptography, reads it
_REPLACED = frozenset({"x-forwarded-for", IDENTITY.lower()})
_OWN_PREFIXES = ("x-forwarded-", "x-internal-", "x-request-id", "x-service-token", "traceparent", "tracestate")


def request_fields(received: Received, host: str | None, request_id: str, identity: str = "") -> Fields:
    """Return the header fields of the request to the upstream.

    Args:
        received: the request.
        host: the Host to send; None forwards the client's.
        request_id: the id to send.
        identity: the signed identity of the sender to send; empty for none.
    """
    head = received.head
    own = _own(request_id, identity)
    fields = [
        (name, value)
        for name, value in _end_to_end(head.fields)
        if (known_as := name.lower().replace("_", "-")) not in own and known_as not in _REPLACED
    ]
    if head.expects_continue and head.length != 0 and received.body.finished:  # the gateway has sent the 100
        fields = [pair for pair in fields if pair[0].lower() != "expect"]
    if host is not None:
        fields = [("Host", host), *((name, value) for name, value in fields if name.lower() != "host")]
    return [*count_down(head, fields), *_added(received), *own.values()]


def request_trailers(trailers: Fields) -> Fields:
    """Return the trailers to forward: not those that the gateway sets, as an upstream may merge them into headers."""
    return [pair for pair in trailers if not pair[0].lower().replace("_", "-").startswith(_OWN_PREFIXES)]


def _own(request_id: str, identity: str) -> dict[str, tuple[str, str]]:
    """Return the fields that only the gateway may set, by lower-case name.

    The client's are removed, also in the form with underscores, because WSGI does not distinguish the two.
    """
    fields = {"X-Request-ID": request_id} | service_token.outgoing_headers() | tracing.outgoing_headers()
    if identity:
        fields[IDENTITY] = identity
    return {name.lower(): (name, value) for name, value in fields.items()}


def _added(received: Received) -> Fields:
    head = received.head
    chain = [*values(head.fields, "x-forwarded-for"), received.client]
    added = [
        ("Via", f"1.{head.version[1]} {_PSEUDONYM}"),
        ("X-Forwarded-For", ", ".join(filter(None, chain))),
    ]
    given = {name.lower() for name, _ in head.fields}
    if "x-forwarded-proto" not in given:
        added.append(("X-Forwarded-Proto", received.scheme))
    if "x-forwarded-host" not in given:
        added.extend(("X-Forwarded-Host", host) for host in values(head.fields, "host"))
    if head.length is CHUNKED:
        added.append(("Transfer-Encoding", "chunked"))
    if "trailers" in members(head.fields, "te"):
        added += [("TE", "trailers"), ("Connection", "TE")]
    return added


def response_fields(head: ResponseHead) -> Fields:
    """Return the header fields of the response to the client."""
    fields = _end_to_end(head.fields)
    lengths = members(fields, "content-length")
    has_no_length = head.status < _OK or head.status == _NO_CONTENT  # RFC 9110, section 8.6
    if has_no_length or len(lengths) > 1:
        fields = [pair for pair in fields if pair[0].lower() != "content-length"]
        fields += [] if has_no_length else [("Content-Length", lengths[0])]
    return [*fields, ("Via", f"1.{head.version[1]} {_PSEUDONYM}")]


def _end_to_end(fields: Fields) -> Fields:
    dropped = _HOP_BY_HOP
    if named := members(fields, "connection"):
        dropped = dropped.union(name for name in named if not _NEVER_HOP_BY_HOP.fullmatch(name))
    return [pair for pair in fields if pair[0].lower() not in dropped]
