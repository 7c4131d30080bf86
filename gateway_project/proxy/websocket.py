"""WebSocket handshakes (RFC 6455, section 4), the only upgrade that the gateway forwards.

Other upgrades are dropped like every hop-by-hop field: requests in an h2c tunnel would bypass routes and limits.
"""

from http1.fields import Fields, members
from http1.head import ResponseHead
from proxy.received import Received
from proxy.routes import Route

HANDSHAKE_FIELDS: Fields = [("Upgrade", "websocket"), ("Connection", "Upgrade")]
SWITCHING_PROTOCOLS, UPGRADE_REQUIRED = 101, 426


def is_handshake(received: Received, route: Route) -> bool:
    """Return whether the request is a WebSocket handshake on a route with ``websockets``."""
    head = received.head
    return (
        route.websockets
        and received.supports_tunnels
        and head.method == "GET"
        and head.version >= (1, 1)
        and head.length == 0
        and _names_websocket(head.fields)
        and "upgrade" in members(head.fields, "connection")
    )


def is_accepted(head: ResponseHead) -> bool:
    """Return whether a 101 accepts the WebSocket handshake."""
    return _names_websocket(head.fields) and "upgrade" in members(head.fields, "connection")


def upgrade_fields(head: ResponseHead) -> Fields:
    """Return the upgrade fields for a response that switches to a WebSocket (101) or requires it (426)."""
    names = head.status in (SWITCHING_PROTOCOLS, UPGRADE_REQUIRED) and _names_websocket(head.fields)
    return HANDSHAKE_FIELDS if names else []


def _names_websocket(fields: Fields) -> bool:
    return members(fields, "upgrade") == ["websocket"]
