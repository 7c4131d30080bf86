"""Routes with ``websockets = true`` carry WebSockets: messages in both directions, and the tunnels' ends and limits."""

import json
import signal
import ssl
import threading
import time

import pytest
from websockets.exceptions import ConnectionClosed

from tests.client import exchange, request
from tests.process import free_port
from tests.test_operation import samples_once
from tests.tls import AUTHORITY, TlsUpstream, certificate, end
from tests.upstream import answer
from tests.websocket import (
    ACCEPTED,
    HANDSHAKE,
    PIECE,
    accept,
    access_lines,
    carrying,
    opened,
    tunnel,
    wait_until,
    websocket_server,
)


@pytest.fixture(scope="module")
def echo_port():
    with websocket_server() as port:
        yield port


@pytest.fixture
def echoing(share, echo_port):
    """A gateway in front of an echo server."""
    return share(carrying(f"http://127.0.0.1:{echo_port}"))


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

    with websocket_server(note_end) as port:
        gateway = start(carrying(f"http://127.0.0.1:{port}"))
        with opened(gateway) as client:
            client.close(4002, "enough")
        wait_until(lambda: closed)

    assert closed == [(4002, "enough")]


def test_websockets_are_carried_over_tls(start, tmp_path):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate().configure_cert(context)
    AUTHORITY.cert_pem.write_to_path(tmp_path / "ca.pem")
    with websocket_server(ssl=context) as port:
        gateway = start(carrying(f"https://localhost:{port}", upstream='ca_file = "ca.pem"'))
        with opened(gateway) as client:
            for message in (b"x" * 3_000_000, "text"):
                client.send(message)
                assert client.recv(timeout=20) == message
            client.send("bye")
            with pytest.raises(ConnectionClosed) as closed:
                client.recv(timeout=8)

    assert closed.value.rcvd.code == 4001


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
