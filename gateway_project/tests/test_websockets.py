"""Tunnels of WebSockets: messages in both directions, closing, limits, log and metrics."""

import json
import signal
import ssl
import threading
import time

import pytest
from websockets.exceptions import ConnectionClosed

from tests.client import exchange, request
from tests.process import free_port, started, wait_for
from tests.test_operation import wait_for_samples
from tests.tls import AUTHORITY, TlsUpstream, certificate, close_with_alert
from tests.upstream import respond_with
from tests.websocket import (
    ACCEPTED,
    HANDSHAKE,
    PIECE,
    accept,
    access_lines,
    open_websocket,
    tunnel,
    websocket_route,
    websocket_server,
)


@pytest.fixture(scope="module")
def closed():
    """The close codes and reasons that the server of ``/noting`` received."""
    return []


@pytest.fixture(scope="module")
def secure():
    """An upstream with TLS."""
    upstream = TlsUpstream()
    yield upstream
    upstream.close()


@pytest.fixture(scope="module")
def metrics_port():
    return free_port()


@pytest.fixture(scope="module")
def gateway_of_servers(session_upstream, closed, secure, metrics_port, tmp_path_factory):
    def note_end(server):
        try:
            server.recv()
        except ConnectionClosed as error:
            closed.append((error.rcvd.code, error.rcvd.reason))

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate().configure_cert(context)
    folder, trusting = tmp_path_factory.mktemp("gateway"), 'ca_file = "ca.pem"'
    AUTHORITY.cert_pem.write_to_path(folder / "ca.pem")
    url = session_upstream.url
    with websocket_server() as echo, websocket_server(note_end) as noting, websocket_server(ssl=context) as over_tls:
        settings = [
            websocket_route(f"http://127.0.0.1:{echo}"),
            websocket_route(f"http://127.0.0.1:{noting}", name="noting"),
            websocket_route(f"https://localhost:{over_tls}", name="over-tls", upstream=trusting),
            websocket_route(secure.url, name="secure", upstream=trusting),
            websocket_route(url, name="idle", upstream="tunnel_idle_timeout = 2.0\ntotal_timeout = 1.5"),
            websocket_route(url, name="limited", upstream="max_tunnels = 1"),
            websocket_route(url, name="counted"),
            websocket_route(url, name="plain"),
        ]
        with started(folder, "".join(settings), METRICS_BIND=f"127.0.0.1:{metrics_port}") as gateway:
            yield gateway


@pytest.fixture
def echoing(gateway_of_servers, upstream, secure):
    """A gateway in front of an echo server; some paths lead to servers for single tests."""
    secure.reset()
    return gateway_of_servers


@pytest.mark.parametrize("message", ["text", "", b"\x00" * 9_000_000], ids=["text", "empty", "large"])
def test_messages_pass_in_both_directions(echoing, message):
    with open_websocket(echoing) as client:
        client.send(message)

        assert client.recv(timeout=20) == message


def test_many_messages_pass_in_order(echoing):
    with open_websocket(echoing) as client:
        sender = threading.Thread(target=lambda: [client.send(str(number)) for number in range(3000)])
        sender.start()
        received = [client.recv(timeout=20) for _ in range(3000)]
        sender.join()

    assert received == [str(number) for number in range(3000)]


def test_server_closes_with_its_code_and_reason(echoing):
    with open_websocket(echoing) as client:
        client.send("bye")

        with pytest.raises(ConnectionClosed) as closed:
            client.recv(timeout=8)

    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (4001, "as you like")


def test_client_closes_with_its_code_and_reason(echoing, closed):
    with open_websocket(echoing, "/noting") as client:
        client.close(4002, "enough")
    wait_for(lambda: closed)

    assert closed == [(4002, "enough")]


def test_websockets_work_over_tls(echoing):
    with open_websocket(echoing, "/over-tls") as client:
        for message in (b"x" * 3_000_000, "text"):
            client.send(message)
            assert client.recv(timeout=20) == message
        client.send("bye")
        with pytest.raises(ConnectionClosed) as closed:
            client.recv(timeout=8)

    assert closed.value.rcvd.code == 4001


def test_one_direction_may_end_before_the_other(echoing, upstream):
    def read_all(connection, arrived):
        accept(connection, arrived)
        connection.send(b"got " + connection.buffer)
        connection.close()

    upstream.script = read_all
    with tunnel(echoing, target="/plain") as client:
        client.send(b"everything")
        client.socket.shutdown(1)

        assert client.read_until(b"thing") == b"got everything"
        assert client.is_closed()


def test_upstream_with_tls_may_send_after_the_client_has_ended(echoing, secure):
    def respond_late(connection, arrived):
        connection.send(ACCEPTED)
        received = connection.read_until(b"thing")
        time.sleep(0.5)
        connection.send(b"got " + received)
        close_with_alert(connection)

    secure.script = respond_late
    with tunnel(echoing, target="/secure") as client:
        client.send(b"everything")
        client.socket.shutdown(1)

        assert client.read_until(b"thing") == b"got everything"
        assert client.is_closed()


def test_client_that_disconnects_ends_the_tunnel_to_an_upstream_with_tls(echoing, secure):
    secure.script = accept
    with tunnel(echoing, target="/secure"):
        pass

    wait_for(lambda: secure.connections[0].socket.fileno() == -1, seconds=12)


def test_client_that_disconnects_closes_the_connection_to_the_upstream(echoing, upstream):
    upstream.script = accept
    with tunnel(echoing, target="/plain"):
        pass

    wait_for(lambda: upstream.connections[0].socket.fileno() == -1)


def test_idle_tunnel_is_closed_and_a_busy_one_is_not(echoing, upstream):
    upstream.script = accept
    with tunnel(echoing, target="/idle") as idle, tunnel(echoing, target="/idle") as busy:
        for _ in range(7):
            busy.send(b"x")
            time.sleep(0.5)
        assert idle.is_closed()
        wait_for(lambda: upstream.connections[1].buffer == b"x" * 7)

        assert busy.is_closed()


def test_tunnels_of_an_upstream_are_limited(echoing, upstream):
    handshake = request("GET", "/limited", *HANDSHAKE)
    upstream.script = respond_with(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
    assert [exchange(echoing.port, handshake).status for _ in range(2)] == [403, 403]
    upstream.script = accept

    with tunnel(echoing, target="/limited"):
        refused = exchange(echoing.port, handshake)
    wait_for(lambda: access_lines(echoing, "/limited"))
    with tunnel(echoing, target="/limited"):
        pass

    assert (refused.status, json.loads(refused.body)["type"]) == (503, "urn:problem:too_many_tunnels")
    assert refused.value(b"Retry-After") == b"5"


def test_client_that_does_not_read_stops_the_upstream(echoing, upstream):
    sent = []

    def flood(connection, arrived):
        connection.send(ACCEPTED)
        while True:
            connection.send(PIECE)
            sent.append(len(PIECE))

    upstream.script = flood
    with tunnel(echoing, target="/plain"):
        time.sleep(1)
        before = len(sent)
        time.sleep(0.5)

        assert 0 < before == len(sent) < 400  # 25 MB, in the buffers of four sockets


def test_tunnels_end_when_the_gateway_stops(start, upstream):
    gateway = start(websocket_route(upstream.url))
    upstream.script = accept
    with tunnel(gateway) as client:
        started_at = time.monotonic()
        gateway.process.send_signal(signal.SIGTERM)

        assert client.is_closed()
        gateway.process.wait(15)

    assert time.monotonic() - started_at < 10
    assert [line["status"] for line in access_lines(gateway)] == [101]


def test_tunnel_is_in_log_and_metrics(echoing, upstream, metrics_port):
    upstream.script = lambda connection, arrived: accept(connection, arrived, b"12345")
    label = ("upstream", "counted")
    with tunnel(echoing, target="/counted") as client:
        client.read_until(b"12345")
        client.send(b"123")
        expected = {
            ("gateway_tunnel_bytes_total", ("direction", "to_upstream"), label): 3,
            ("gateway_tunnel_bytes_total", ("direction", "to_client"), label): 5,
            ("gateway_tunnels", label): 1,
        }
        wait_for_samples(metrics_port, expected)
        assert access_lines(echoing, "/counted") == []

    expected = {
        ("gateway_requests_total", ("method", "GET"), ("route", "/counted"), ("status", "101")): 1,
        ("gateway_request_duration_seconds_count", ("route", "/counted")): 0,
        ("gateway_tunnels", label): 0,
    }
    wait_for_samples(metrics_port, expected)
    (line,) = access_lines(echoing, "/counted")
    assert (line["status"], line["bytes"], line["replica"]) == (101, 5, f"127.0.0.1:{upstream.port}")
    assert line["request_id"].encode() == upstream.requests[0].values(b"X-Request-ID")[0]
