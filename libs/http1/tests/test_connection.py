"""A non-blocking client connection: requests, responses, timeouts and closing."""

import contextlib
import logging
import socket
import time
from math import inf

import pytest

from http1.connection import Connection
from http1.limits import Limits
from http1.request_reader import RequestReader

REQUEST = b"GET /%d HTTP/1.1\r\nHost: localhost\r\n\r\n"
LIMITS = Limits(line=1000, fields=10, field=1000, head=4000)
log = logging.getLogger(__name__)


def render(status, code, detail):
    return "Refused", [("X-Code", code)], detail.encode()


def application(environ, start_response):
    body = environ["PATH_INFO"].encode() + environ["wsgi.input"].read()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]


def broken(environ, start_response):
    raise RuntimeError


@pytest.fixture
def pair():
    """The client's socket, and the server's connection to it."""
    client, server = socket.socketpair()
    client.settimeout(5)
    with client, server:
        yield client, Connection(server, "192.0.2.1", RequestReader(LIMITS, 1000), render)


def responding(with_application):
    return lambda connection, request: connection.respond(with_application, request, lambda: False, log)


def serve(connection, with_application=application):
    assert connection.receive()
    return connection.serve(responding(with_application))


def test_receive_does_not_block(pair):
    _, connection = pair

    assert connection.receive()
    assert connection.serve(responding(broken))


def test_pipelined_requests_are_served_in_order(pair):
    client, connection = pair
    client.sendall(REQUEST % 1 + REQUEST % 2 + b"GET /3")

    assert serve(connection)
    response = client.recv(65536)
    assert response.index(b"/1") < response.index(b"/2")
    assert response.count(b"HTTP/1.1 200 OK") == 2
    assert connection.reader.is_reading


def test_chunked_body_has_a_length_for_the_application(pair):
    client, connection = pair
    client.sendall(b"POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nbc\r\n0\r\n\r\n")

    assert serve(connection)
    assert client.recv(65536).endswith(b"/abc")


def test_script_name_comes_from_the_process_environment(pair, monkeypatch):
    client, connection = pair
    monkeypatch.setenv("SCRIPT_NAME", "/base")
    client.sendall(b"GET /base/a HTTP/1.1\r\nHost: a\r\n\r\n")

    assert serve(connection)
    assert client.recv(65536).endswith(b"\r\n\r\n/a")
    client.sendall(REQUEST % 1)
    assert not serve(connection)
    assert client.recv(65536).startswith(b"HTTP/1.1 500")


def test_reading_a_body_over_the_limit_is_an_error(pair):
    client, connection = pair
    client.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n")

    assert not serve(connection)
    assert client.recv(65536).startswith(b"HTTP/1.1 500")


def test_100_continue_is_sent_once(pair):
    client, connection = pair
    client.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")

    assert serve(connection)
    assert connection.serve(responding(application))
    assert client.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"


@pytest.mark.parametrize(
    ("sent", "line"),
    [
        (b"no request\r\n\r\n", b"HTTP/1.1 400"),
        (b"GET / HTTP/1.1\r\nX: " + b"y" * 5000, b"HTTP/1.1 431"),
    ],
)
def test_malformed_request_is_refused_and_closes_the_connection(pair, sent, line):
    client, connection = pair
    client.sendall(sent)

    assert not serve(connection)
    assert client.recv(65536).startswith(line)


@pytest.mark.parametrize(("method", "has_body"), [(b"GET", True), (b"HEAD", False)])
def test_failure_of_the_application_is_logged_and_a_500(pair, caplog, method, has_body):
    client, connection = pair
    client.sendall(REQUEST.replace(b"GET", method) % 1)

    assert not serve(connection, broken)
    response = client.recv(65536)
    assert response.startswith(b"HTTP/1.1 500")
    assert response.endswith(b"logged.") == has_body
    assert "Error handling request" in caplog.text


def test_blocked_connection_is_not_served(pair):
    client, connection = pair
    connection.sock.settimeout(0)
    with contextlib.suppress(BlockingIOError):
        while True:
            connection.sock.send(bytes(65536))
    client.sendall(REQUEST % 1)
    connection.receive()

    assert connection.is_blocked
    assert connection.serve(responding(broken))


def test_closed_connection_is_noticed(pair):
    client, connection = pair
    client.close()

    assert not connection.receive()
    assert not responding(application)(connection, parsed(REQUEST % 1))
    connection.sock.close()
    assert not connection.receive()
    assert not connection.end()


def parsed(data):
    reader = RequestReader(LIMITS, 1000)
    reader.feed(data)
    return reader.next_request()


def test_timeout_of_a_request_starts_at_its_first_byte(pair):
    client, connection = pair
    connection.update_expiry(75, 30)
    idle_until = connection.expires_at
    client.sendall(b"GET /")
    connection.receive()
    connection.update_expiry(75, 30)
    first = connection.expires_at
    client.sendall(b"1 HTTP/1.1\r\n")
    connection.receive()
    connection.update_expiry(75, 30)

    assert idle_until > time.monotonic() + 60
    assert first == connection.expires_at < idle_until
    connection.update_expiry(75, inf)
    assert connection.expires_at == inf


def test_empty_lines_do_not_extend_the_idle_time(pair):
    client, connection = pair
    connection.update_expiry(75, 30)
    idle_until = connection.expires_at

    client.sendall(b"\r\n")
    connection.receive()
    assert connection.serve(None)
    connection.update_expiry(75, 30)

    assert (connection.reader.is_reading, connection.expires_at) == (False, idle_until)

    client.sendall(REQUEST % 1)
    connection.receive()
    connection.serve(lambda connection, request: True)
    connection.update_expiry(75, 30)

    assert connection.expires_at > idle_until


@pytest.mark.parametrize(("sent", "response"), [(b"", b""), (b"GET / HTTP/1.1\r\n", b"HTTP/1.1 408")])
def test_only_an_incomplete_request_gets_a_408(pair, sent, response):
    client, connection = pair
    client.sendall(sent)
    connection.receive()

    connection.expire()
    connection.sock.close()

    assert client.recv(65536).startswith(response)


def test_bytes_received_after_the_end_are_discarded(pair):
    client, connection = pair

    assert connection.end()
    ends_at = connection.expires_at
    client.sendall(REQUEST % 1)

    assert client.recv(65536) == b""
    assert connection.receive()
    assert not connection.reader.is_reading
    connection.update_expiry(75, 30)
    assert connection.expires_at == ends_at
