"""HTTP/1.0 clients."""

from tests.client import Client, exchange
from tests.upstream import respond_with

CHUNKS = respond_with(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n")


def test_upstream_gets_an_http_1_1_request(gateway, upstream):
    exchange(gateway.port, b"GET /a HTTP/1.0\r\n\r\n")

    (arrived,) = upstream.requests
    assert arrived.line == b"GET /a HTTP/1.1"
    assert arrived.values(b"Host") == [f"127.0.0.1:{upstream.port}".encode()]
    assert arrived.values(b"Via") == [b"1.0 gateway"]


def test_connection_is_closed_after_the_response(gateway, upstream):
    with Client(gateway.port) as client:
        client.send(b"GET / HTTP/1.0\r\n\r\n")
        got = client.read()
        assert (got.body, got.value(b"Connection"), client.is_closed()) == (b"ok", b"close", True)


def test_connection_is_kept_with_connection_keep_alive(gateway, upstream):
    with Client(gateway.port) as client:
        for _ in range(2):
            client.send(b"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n")
            assert client.read().value(b"Connection") == b"keep-alive"


def test_chunked_response_is_delimited_by_the_end_of_the_connection(gateway, upstream):
    upstream.script = CHUNKS

    got = exchange(gateway.port, b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")

    assert (got.body, got.complete) == (b"ok", True)
    assert got.values(b"Transfer-Encoding") == []


def test_truncated_response_ends_with_a_reset(gateway, upstream):
    def break_off(connection, arrived):
        connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n")
        connection.close()

    upstream.script = break_off
    with Client(gateway.port) as client:
        client.send(b"GET / HTTP/1.0\r\n\r\n")
        client.read_until(b"\r\n\r\n")
        try:
            while client.socket.recv(100):
                pass
            reset = False
        except ConnectionResetError:
            reset = True

    assert reset
