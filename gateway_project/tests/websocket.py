"""WebSocket servers and clients, and gateways between them."""

import contextlib
import json
import threading

from websockets.sync.client import connect
from websockets.sync.server import serve

from tests.client import Client, request
from tests.process import configuration

HANDSHAKE = [
    "Connection: keep-alive, Upgrade",
    "Upgrade: WebSocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
]
ACCEPTED = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
)
PIECE = bytes(range(256)) * 256  # 64 KiB


def echo(server):
    for message in server:
        if message == "bye":
            server.close(4001, "as you like")
            return
        server.send(message)


@contextlib.contextmanager
def websocket_server(handler=echo, **options):
    """Run a WebSocket server; yield its port."""
    with serve(handler, "127.0.0.1", 0, max_size=None, **options) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.socket.getsockname()[1]
        server.shutdown()


def websocket_route(*urls, upstream="", route="", name=""):
    """Return a routes file with one route that accepts WebSockets."""
    route, upstream = f"websockets = true\n{route}", f"breaker_failures = 1000\n{upstream}"
    return configuration(*urls, route=route, upstream=upstream, name=name)


def open_websocket(gateway, target="/a?b", **options):
    return connect(f"ws://127.0.0.1:{gateway.port}{target}", max_size=None, proxy=None, **options)


@contextlib.contextmanager
def tunnel(gateway, *lines, target="/"):
    """Open a tunnel to an upstream that accepts it; yield the client after the 101."""
    with Client(gateway.port) as client:
        client.send(request("GET", target, *HANDSHAKE, *lines))
        assert client.read_until(b"\r\n\r\n").startswith(b"HTTP/1.1 101 ")
        yield client


def accept(connection, arrived, *pieces):
    """Accept the WebSocket, send ``pieces``, and read until the connection is closed."""
    connection.send(ACCEPTED + b"".join(pieces))
    while connection.receive():
        pass


def access_lines(gateway, path="/"):
    """Return the access log lines of ended tunnels at ``path``."""
    lines = [json.loads(line) for line in gateway.log_lines if '"logger": "access"' in line]
    return [line for line in lines if (line["status"], line["path"]) == (101, path)]
