"""Handshakes of WebSockets are forwarded on routes with ``websockets = true``; other upgrades are dropped."""

import contextlib
import json
import threading

import pytest
from websockets.exceptions import InvalidStatus

from tests.client import Client, exchange, request
from tests.process import started
from tests.upstream import respond_with
from tests.websocket import (
    ACCEPTED,
    HANDSHAKE,
    accept,
    open_websocket,
    tunnel,
    websocket_route,
    websocket_server,
)


@pytest.fixture(scope="module")
def gateway_of_module(session_upstream, tmp_path_factory):
    with websocket_server(process_request=lambda server, arrived: server.respond(403, "not you\n")) as port:
        settings = [
            websocket_route(session_upstream.url),
            websocket_route(session_upstream.url, name="shared", route='cors_origins = ["https://shop.example"]'),
            websocket_route(f"http://127.0.0.1:{port}", name="refused"),
        ]
        folder = tmp_path_factory.mktemp("gateway")
        with started(folder, "".join(settings), ALLOWED_ORIGINS="https://partner.example") as gateway:
            yield gateway


@pytest.fixture
def websocket_gateway(gateway_of_module, upstream):
    """A gateway that allows pages of a partner, on ``/shared`` also of a shop; ``/refused`` refuses all clients."""
    return gateway_of_module


def test_handshake_is_forwarded_with_its_fields(websocket_gateway, upstream):
    upstream.script = accept

    with tunnel(websocket_gateway, "Sec-WebSocket-Protocol: chat, superchat"):
        (arrived,) = upstream.requests

    assert arrived.values(b"Upgrade") == [b"websocket"]
    assert arrived.values(b"Connection") == [b"Upgrade"]
    assert arrived.values(b"Sec-WebSocket-Key") == [b"dGhlIHNhbXBsZSBub25jZQ=="]
    assert arrived.values(b"Sec-WebSocket-Protocol") == [b"chat, superchat"]
    assert arrived.values(b"Via") == [b"1.1 gateway"]


def test_response_to_the_handshake_has_a_request_id(websocket_gateway, upstream):
    upstream.script = accept
    with Client(websocket_gateway.port) as client:
        client.send(request("GET", "/", *HANDSHAKE))
        head = client.read_until(b"\r\n\r\n")

    (arrived,) = upstream.requests
    lines = head.lower().split(b"\r\n")
    assert b"x-request-id: " + arrived.values(b"X-Request-ID")[0] in lines
    assert b"sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo=" in lines
    assert {b"upgrade: websocket", b"connection: upgrade"} <= set(lines)
    assert not any(line.startswith((b"content-length", b"transfer-encoding", b"content-type")) for line in lines)


def test_bytes_sent_with_the_101_are_forwarded(websocket_gateway, upstream):
    upstream.script = lambda connection, arrived: accept(connection, arrived, b"hello")

    with tunnel(websocket_gateway) as client:
        assert client.read_until(b"hello") == b"hello"


def test_bytes_of_the_client_are_forwarded_after_the_101(websocket_gateway, upstream):
    before, released = [], threading.Event()

    def accept_late(connection, arrived):
        connection.socket.settimeout(0.5)
        with contextlib.suppress(TimeoutError):
            before.append(connection.buffer + connection.socket.recv(10))
        connection.socket.settimeout(None)
        connection.send(ACCEPTED)
        connection.send(connection.read_exactly(5))
        released.wait(8)

    upstream.script = accept_late
    with Client(websocket_gateway.port) as client:
        client.send(request("GET", "/", *HANDSHAKE) + b"early")
        client.read_until(b"\r\n\r\n")

        assert client.read_until(b"early") == b"early"
    released.set()
    assert before == []


def test_refusal_is_forwarded_and_the_connection_kept(websocket_gateway, upstream):
    upstream.script = respond_with(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno")

    with Client(websocket_gateway.port) as client:
        client.send(request("GET", "/", *HANDSHAKE) + request("GET", "/next"))
        refused, following = client.read(), client.read()

    assert (refused.status, refused.body, following.status) == (403, b"no", 403)
    assert [arrived.target for arrived in upstream.requests] == [b"/", b"/next"]


@pytest.mark.parametrize("lines", [HANDSHAKE, []], ids=["handshake", "plain request"])
def test_upgrade_field_of_a_426_is_forwarded(websocket_gateway, upstream, lines):
    upstream.script = respond_with(
        b"HTTP/1.1 426 Upgrade Required\r\nUpgrade: websocket\r\nConnection: upgrade\r\nContent-Length: 0\r\n\r\n"
    )

    got = exchange(websocket_gateway.port, request("GET", "/", *lines))

    assert (got.status, got.value(b"Upgrade")) == (426, b"websocket")


def test_refusal_of_the_upstream_reaches_the_client(websocket_gateway):
    with pytest.raises(InvalidStatus) as refused:
        open_websocket(websocket_gateway, "/refused")

    assert (refused.value.response.status_code, refused.value.response.body) == (403, b"not you\n")


@pytest.mark.parametrize(
    "lines",
    [["Origin: http://evil.example"], ["Sec-Fetch-Site: cross-site", "Origin: http://example.org"], ["Origin: null"]],
)
def test_handshake_of_another_site_is_refused(websocket_gateway, upstream, lines):
    got = exchange(websocket_gateway.port, request("GET", "/", *HANDSHAKE, *lines))

    assert (got.status, json.loads(got.body)["type"]) == (403, "urn:problem:cross_site_request")
    assert upstream.requests == []


@pytest.mark.parametrize("origin", ["http://example.org", "https://shop.example", "https://partner.example"])
def test_handshake_of_own_and_allowed_pages_is_forwarded(websocket_gateway, upstream, origin):
    upstream.script = accept

    with tunnel(websocket_gateway, f"Origin: {origin}", target="/shared"):
        assert upstream.requests[0].values(b"Origin") == [origin.encode()]


PLAIN = {
    "h2c": request("GET", "/", "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQ"),
    "a choice": request("GET", "/", "Connection: Upgrade", "Upgrade: websocket, h2c"),
    "two upgrades": request("GET", "/", "Connection: Upgrade", "Upgrade: websocket", "Upgrade: h2c"),
    "not in Connection": request("GET", "/", "Upgrade: websocket"),
    "another method": request("POST", "/", *HANDSHAKE),
    "a body": request("GET", "/", *HANDSHAKE, body=b"x"),
    "chunks": request("GET", "/", *HANDSHAKE, "Transfer-Encoding: chunked") + b"0\r\n\r\n",
    "HTTP/1.0": request("GET", "/", *HANDSHAKE).replace(b"HTTP/1.1", b"HTTP/1.0"),
}


@pytest.mark.parametrize("name", PLAIN)
def test_other_upgrades_are_dropped(websocket_gateway, upstream, name):
    got = exchange(websocket_gateway.port, PLAIN[name])

    (arrived,) = upstream.requests
    assert got.status == 200
    assert [arrived.values(field) for field in (b"Upgrade", b"Connection", b"HTTP2-Settings")] == [[], [], []]


def test_routes_without_websockets_drop_the_upgrade(gateway, upstream):
    got = exchange(gateway.port, request("GET", "/", *HANDSHAKE, "Origin: http://evil.example"))

    assert (got.status, upstream.requests[0].values(b"Upgrade")) == (200, [])


@pytest.mark.parametrize(
    ("sent", "lines"),
    [
        (ACCEPTED, PLAIN["h2c"]),
        (ACCEPTED, request()),
        (ACCEPTED.replace(b"Upgrade: websocket", b"Upgrade: h2c"), request("GET", "/", *HANDSHAKE)),
        (ACCEPTED.replace(b"Upgrade: websocket\r\n", b""), request("GET", "/", *HANDSHAKE)),
        (ACCEPTED.replace(b"Connection: Upgrade\r\n", b""), request("GET", "/", *HANDSHAKE)),
    ],
    ids=["after h2c", "not requested", "to h2c", "to nothing", "without Connection"],
)
def test_unrequested_switch_of_protocols_is_a_bad_response(websocket_gateway, upstream, sent, lines):
    upstream.script = respond_with(sent)

    got = exchange(websocket_gateway.port, lines)

    assert (got.status, json.loads(got.body)["type"]) == (502, "urn:problem:bad_answer")
