"""Routes with ``websockets = true`` carry WebSockets; no other upgrade passes."""

import contextlib
import json
import signal
import ssl
import threading
import time

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect
from websockets.sync.server import serve

from tests.client import Client, exchange, request
from tests.process import configuration, free_port
from tests.test_operation import samples_once
from tests.tls import AUTHORITY, TlsUpstream, certificate, end
from tests.upstream import answer

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
def running(handler=echo, **options):
    """Run a WebSocket server; yield its port."""
    with serve(handler, "127.0.0.1", 0, max_size=None, **options) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.socket.getsockname()[1]
        server.shutdown()


@pytest.fixture(scope="module")
def echo_port():
    with running() as port:
        yield port


def carrying(*urls, upstream="", route=""):
    return configuration(*urls, route=f"websockets = true\n{route}", upstream=f"breaker_failures = 1000\n{upstream}")


@pytest.fixture
def echoing(share, echo_port):
    """A gateway in front of an echo server."""
    return share(carrying(f"http://127.0.0.1:{echo_port}"))


@pytest.fixture
def carrying_gateway(share, upstream):
    """A gateway in front of the scripted upstream."""
    return share(carrying(upstream.url))


def opened(gateway, **options):
    return connect(f"ws://127.0.0.1:{gateway.port}/a?b", max_size=None, proxy=None, **options)


@contextlib.contextmanager
def tunnel(gateway, *lines):
    """Open a tunnel to an upstream that accepts it; yield the client after the 101."""
    with Client(gateway.port) as client:
        client.send(request("GET", "/", *HANDSHAKE, *lines))
        assert client.read_until(b"\r\n\r\n").startswith(b"HTTP/1.1 101 ")
        yield client


def accept(connection, arrived, *pieces):
    """Accept the WebSocket, send ``pieces``, and read until the other side closes."""
    connection.send(ACCEPTED + b"".join(pieces))
    while connection.receive():
        pass


def wait_until(condition, seconds=8):
    ends_at = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends_at
        time.sleep(0.02)


def access_lines(gateway):
    return [json.loads(line) for line in gateway.log_lines if '"logger": "access"' in line and "101" in line]


@pytest.mark.parametrize("message", ["text", "", b"\x00" * 9_000_000], ids=["text", "empty", "large"])
def test_messages_pass_in_both_directions(echoing, message):
    with opened(echoing) as client:
        client.send(message)

        assert client.recv(timeout=20) == message


def test_many_messages_pass_in_order(echoing):
    with opened(echoing) as client:
        sender = threading.Thread(target=lambda: [client.send(str(number)) for number in range(3000)])
        sender.start()
        received = [client.recv(timeout=20) for _ in range(3000)]
        sender.join()

    assert received == [str(number) for number in range(3000)]


def test_server_closes_with_its_code_and_reason(echoing):
    with opened(echoing) as client:
        client.send("bye")

        with pytest.raises(ConnectionClosed) as closed:
            client.recv(timeout=8)

    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (4001, "as you like")


def test_client_closes_with_its_code_and_reason(start):
    closed = []

    def note_end(server):
        try:
            server.recv()
        except ConnectionClosed as error:
            closed.append((error.rcvd.code, error.rcvd.reason))

    with running(note_end) as port:
        gateway = start(carrying(f"http://127.0.0.1:{port}"))
        with opened(gateway) as client:
            client.close(4002, "enough")
        wait_until(lambda: closed)

    assert closed == [(4002, "enough")]


def test_websockets_are_carried_over_tls(start, tmp_path):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate().configure_cert(context)
    AUTHORITY.cert_pem.write_to_path(tmp_path / "ca.pem")
    with running(ssl=context) as port:
        gateway = start(carrying(f"https://localhost:{port}", upstream='ca_file = "ca.pem"'))
        with opened(gateway) as client:
            for message in (b"x" * 3_000_000, "text"):
                client.send(message)
                assert client.recv(timeout=20) == message
            client.send("bye")
            with pytest.raises(ConnectionClosed) as closed:
                client.recv(timeout=8)

    assert closed.value.rcvd.code == 4001


def test_handshake_is_forwarded_with_its_fields(carrying_gateway, upstream):
    upstream.script = accept

    with tunnel(carrying_gateway, "Sec-WebSocket-Protocol: chat, superchat"):
        (arrived,) = upstream.requests

    assert arrived.values(b"Upgrade") == [b"websocket"]
    assert arrived.values(b"Connection") == [b"Upgrade"]
    assert arrived.values(b"Sec-WebSocket-Key") == [b"dGhlIHNhbXBsZSBub25jZQ=="]
    assert arrived.values(b"Sec-WebSocket-Protocol") == [b"chat, superchat"]
    assert arrived.values(b"Via") == [b"1.1 gateway"]


def test_response_to_the_handshake_has_a_request_id(carrying_gateway, upstream):
    upstream.script = accept
    with Client(carrying_gateway.port) as client:
        client.send(request("GET", "/", *HANDSHAKE))
        head = client.read_until(b"\r\n\r\n")

    (arrived,) = upstream.requests
    lines = head.lower().split(b"\r\n")
    assert b"x-request-id: " + arrived.values(b"X-Request-ID")[0] in lines
    assert b"sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo=" in lines
    assert {b"upgrade: websocket", b"connection: upgrade"} <= set(lines)
    assert not any(line.startswith((b"content-length", b"transfer-encoding", b"content-type")) for line in lines)


def test_bytes_that_come_with_the_101_are_passed_on(carrying_gateway, upstream):
    upstream.script = lambda connection, arrived: accept(connection, arrived, b"hello")

    with tunnel(carrying_gateway) as client:
        assert client.read_until(b"hello") == b"hello"


def test_bytes_of_the_client_wait_for_the_101(carrying_gateway, upstream):
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
    with Client(carrying_gateway.port) as client:
        client.send(request("GET", "/", *HANDSHAKE) + b"early")
        client.read_until(b"\r\n\r\n")

        assert client.read_until(b"early") == b"early"
    released.set()
    assert before == []


def test_refusal_is_forwarded_and_the_connection_kept(carrying_gateway, upstream):
    upstream.script = answer(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno")

    with Client(carrying_gateway.port) as client:
        client.send(request("GET", "/", *HANDSHAKE) + request("GET", "/next"))
        refused, following = client.read(), client.read()

    assert (refused.status, refused.body, following.status) == (403, b"no", 403)
    assert [arrived.target for arrived in upstream.requests] == [b"/", b"/next"]


@pytest.mark.parametrize("lines", [HANDSHAKE, []], ids=["handshake", "plain request"])
def test_upgrade_that_the_upstream_requires_is_told(carrying_gateway, upstream, lines):
    upstream.script = answer(
        b"HTTP/1.1 426 Upgrade Required\r\nUpgrade: websocket\r\nConnection: upgrade\r\nContent-Length: 0\r\n\r\n"
    )

    got = exchange(carrying_gateway.port, request("GET", "/", *lines))

    assert (got.status, got.value(b"Upgrade")) == (426, b"websocket")


def test_client_learns_that_the_upstream_refuses(start):
    with running(process_request=lambda server, arrived: server.respond(403, "not you\n")) as port:
        gateway = start(carrying(f"http://127.0.0.1:{port}"))

        with pytest.raises(InvalidStatus) as refused:
            opened(gateway)

    assert (refused.value.response.status_code, refused.value.response.body) == (403, b"not you\n")


@pytest.mark.parametrize(
    "lines",
    [["Origin: http://evil.example"], ["Sec-Fetch-Site: cross-site", "Origin: http://example.org"], ["Origin: null"]],
)
def test_handshake_of_another_site_is_refused(carrying_gateway, upstream, lines):
    got = exchange(carrying_gateway.port, request("GET", "/", *HANDSHAKE, *lines))

    assert (got.status, json.loads(got.body)["type"]) == (403, "urn:problem:cross_site_request")
    assert upstream.requests == []


@pytest.mark.parametrize("origin", ["http://example.org", "https://shop.example", "https://partner.example"])
def test_handshake_of_own_and_allowed_pages_is_forwarded(share, upstream, origin):
    upstream.script = accept
    settings = carrying(upstream.url, route='cors_origins = ["https://shop.example"]')
    gateway = share(settings, ALLOWED_ORIGINS="https://partner.example")

    with tunnel(gateway, f"Origin: {origin}"):
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
def test_other_upgrades_are_dropped(carrying_gateway, upstream, name):
    got = exchange(carrying_gateway.port, PLAIN[name])

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
    ids=["after h2c", "not asked for", "to h2c", "to nothing", "without Connection"],
)
def test_switch_to_what_was_not_asked_for_is_a_bad_answer(carrying_gateway, upstream, sent, lines):
    upstream.script = answer(sent)

    got = exchange(carrying_gateway.port, lines)

    assert (got.status, json.loads(got.body)["type"]) == (502, "urn:problem:bad_answer")


def test_one_direction_may_end_before_the_other(carrying_gateway, upstream):
    def read_all(connection, arrived):
        accept(connection, arrived)
        connection.send(b"got " + connection.buffer)
        connection.close()

    upstream.script = read_all
    with tunnel(carrying_gateway) as client:
        client.send(b"everything")
        client.socket.shutdown(1)

        assert client.read_until(b"thing") == b"got everything"
        assert client.is_closed()


def test_upstream_with_tls_may_send_after_the_client_has_ended(start, tmp_path):
    AUTHORITY.cert_pem.write_to_path(tmp_path / "ca.pem")
    upstream = TlsUpstream()
    gateway = start(carrying(upstream.url, upstream='ca_file = "ca.pem"'))

    def answer_late(connection, arrived):
        connection.send(ACCEPTED)
        received = connection.read_until(b"thing")
        time.sleep(0.5)
        connection.send(b"got " + received)
        end(connection)

    upstream.script = answer_late
    with tunnel(gateway) as client:
        client.send(b"everything")
        client.socket.shutdown(1)

        assert client.read_until(b"thing") == b"got everything"
        assert client.is_closed()
    upstream.close()


def test_client_that_goes_away_from_an_upstream_with_tls_ends_the_tunnel(start, tmp_path):
    AUTHORITY.cert_pem.write_to_path(tmp_path / "ca.pem")
    upstream = TlsUpstream()
    upstream.script = accept
    gateway = start(carrying(upstream.url, upstream='ca_file = "ca.pem"'))
    with tunnel(gateway):
        pass

    wait_until(lambda: upstream.connections[0].socket.fileno() == -1, seconds=12)
    upstream.close()


def test_client_that_goes_away_closes_closes_the_connection_to_the_upstream(carrying_gateway, upstream):
    upstream.script = accept
    with tunnel(carrying_gateway):
        pass

    wait_until(lambda: upstream.connections[0].socket.fileno() == -1)


def test_idle_tunnel_is_closed_and_a_busy_one_is_not(start, upstream):
    gateway = start(carrying(upstream.url, upstream="tunnel_idle_timeout = 2.0\ntotal_timeout = 1.5"))
    upstream.script = accept
    with tunnel(gateway) as idle, tunnel(gateway) as busy:
        for _ in range(10):
            busy.send(b"x")
            time.sleep(0.5)
        assert idle.is_closed()
        wait_until(lambda: upstream.connections[1].buffer == b"x" * 10)

        assert busy.is_closed()


def test_tunnels_of_an_upstream_are_limited(start, upstream):
    gateway = start(carrying(upstream.url, upstream="max_tunnels = 1"))
    upstream.script = answer(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
    assert [exchange(gateway.port, request("GET", "/", *HANDSHAKE)).status for _ in range(2)] == [403, 403]
    upstream.script = accept

    with tunnel(gateway):
        refused = exchange(gateway.port, request("GET", "/", *HANDSHAKE))
    wait_until(lambda: access_lines(gateway))
    with tunnel(gateway):
        pass

    assert (refused.status, json.loads(refused.body)["type"]) == (503, "urn:problem:too_many_tunnels")
    assert refused.value(b"Retry-After") == b"5"


def test_client_that_does_not_read_stops_the_upstream(carrying_gateway, upstream):
    sent = []

    def flood(connection, arrived):
        connection.send(ACCEPTED)
        while True:
            connection.send(PIECE)
            sent.append(len(PIECE))

    upstream.script = flood
    with tunnel(carrying_gateway):
        time.sleep(1)
        before = len(sent)
        time.sleep(0.5)

        assert 0 < before == len(sent) < 400  # 25 MB, in the buffers of four sockets


def test_tunnels_end_when_the_gateway_stops(start, upstream):
    gateway = start(carrying(upstream.url))
    upstream.script = accept
    with tunnel(gateway) as client:
        started_at = time.monotonic()
        gateway.process.send_signal(signal.SIGTERM)

        assert client.is_closed()
        gateway.process.wait(15)

    assert time.monotonic() - started_at < 10
    assert [line["status"] for line in access_lines(gateway)] == [101]


def test_log_and_metrics_tell_of_a_tunnel(start, upstream):
    port = free_port()
    gateway = start(carrying(upstream.url), METRICS_BIND=f"127.0.0.1:{port}")
    upstream.script = lambda connection, arrived: accept(connection, arrived, b"12345")
    label = ("upstream", "any")
    with tunnel(gateway) as client:
        client.read_until(b"12345")
        client.send(b"123")
        up = ("gateway_tunnel_bytes_total", ("direction", "to_upstream"), label)
        numbers = samples_once(port, lambda numbers: numbers.get(up) == 3)
        assert numbers["gateway_tunnel_bytes_total", ("direction", "to_client"), label] == 5
        assert numbers["gateway_tunnels", label] == 1
        assert access_lines(gateway) == []

    counted = ("gateway_requests_total", ("method", "GET"), ("route", "/"), ("status", "101"))
    numbers = samples_once(port, lambda numbers: numbers.get(counted) == 1)
    assert numbers["gateway_tunnels", label] == 0
    assert numbers["gateway_request_duration_seconds_count", ("route", "/")] == 0
    (line,) = access_lines(gateway)
    assert (line["status"], line["bytes"], line["replica"]) == (101, 5, f"127.0.0.1:{upstream.port}")
    assert line["request_id"].encode() == upstream.requests[0].values(b"X-Request-ID")[0]
