"""WebSocket handshakes (RFC 6455, section 4), the one upgrade that a route may let through.

Others are dropped like every hop-by-hop field: a tunnel of h2c would carry requests past routes and limits.
"""

from http1.fields import Fields, members
from http1.head import ResponseHead
from proxy.received import Received
from proxy.routes import Route

HANDSHAKE_FIELDS: Fields = [("Upgrade", "websocket"), ("Connection", "Upgrade")]
SWITCHING_PROTOCOLS, UPGRADE_REQUIRED = 101, 426


def is_handshake(received: Received, route: Route) -> bool:
    """Return whether the request asks for a WebSocket, and for nothing else, on a route that has them."""
    head = received.head
    return (
        route.websockets
        and received.carries_tunnels
        and head.method == "GET"
        and head.version >= (1, 1)
        and head.length == 0
        and _names_websocket(head.fields)
        and "upgrade" in members(head.fields, "connection")
    )


def is_accepted(head: ResponseHead) -> bool:
    """Return whether a 101 switches to the WebSocket that was asked for."""
    return _names_websocket(head.fields) and "upgrade" in members(head.fields, "connection")


def upgrade_fields(head: ResponseHead) -> Fields:
    """Return the hop-by-hop fields of a response that switches to a WebSocket, or asks the client to."""
    names = head.status in (SWITCHING_PROTOCOLS, UPGRADE_REQUIRED) and _names_websocket(head.fields)
    return HANDSHAKE_FIELDS if names else []


def _names_websocket(fields: Fields) -> bool:
    return members(fields, "upgrade") == ["websocket"]
