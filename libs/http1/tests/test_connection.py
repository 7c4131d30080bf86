"""A client's connection as the threads of a server share it: nothing waits for the client."""

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


def answering(with_application):
    return lambda connection, request: connection.respond(with_application, request, lambda: False, log)


def serve(connection, with_application=application):
    assert connection.receive()
    return connection.serve(answering(with_application))


def test_nothing_to_read_is_no_reason_to_wait(pair):
    _, connection = pair

    assert connection.receive()
    assert connection.serve(answering(broken))


def test_requests_that_have_come_are_answered_in_order(pair):
    client, connection = pair
    client.sendall(REQUEST % 1 + REQUEST % 2 + b"GET /3")

    assert serve(connection)
    answer = client.recv(65536)
    assert answer.index(b"/1") < answer.index(b"/2")
    assert answer.count(b"HTTP/1.1 200 OK") == 2
    assert connection.reader.is_reading


def test_chunks_are_given_to_the_application_with_their_length(pair):
    client, connection = pair
    client.sendall(b"POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nbc\r\n0\r\n\r\n")

    assert serve(connection)
    assert client.recv(65536).endswith(b"/abc")


def test_prefix_of_the_application_is_in_the_environment_of_the_process(pair, monkeypatch):
    client, connection = pair
    monkeypatch.setenv("SCRIPT_NAME", "/base")
    client.sendall(b"GET /base/a HTTP/1.1\r\nHost: a\r\n\r\n")

    assert serve(connection)
    assert client.recv(65536).endswith(b"\r\n\r\n/a")
    client.sendall(REQUEST % 1)
    assert not serve(connection)
    assert client.recv(65536).startswith(b"HTTP/1.1 500")


def test_body_over_the_limit_is_an_error_where_it_is_read(pair):
    client, connection = pair
    client.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n")

    assert not serve(connection)
    assert client.recv(65536).startswith(b"HTTP/1.1 500")


def test_client_that_expects_it_is_told_to_continue_once(pair):
    client, connection = pair
    client.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")

    assert serve(connection)
    assert connection.serve(answering(application))
    assert client.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"


@pytest.mark.parametrize(
    ("sent", "line"),
    [
        (b"no request\r\n\r\n", b"HTTP/1.1 400"),
        (b"GET / HTTP/1.1\r\nX: " + b"y" * 5000, b"HTTP/1.1 431"),
    ],
)
def test_malformed_request_is_refused_and_ends_the_connection(pair, sent, line):
    client, connection = pair
    client.sendall(sent)

    assert not serve(connection)
    assert client.recv(65536).startswith(line)


@pytest.mark.parametrize(("method", "has_body"), [(b"GET", True), (b"HEAD", False)])
def test_failure_of_the_application_is_a_500_and_in_the_log(pair, caplog, method, has_body):
    client, connection = pair
    client.sendall(REQUEST.replace(b"GET", method) % 1)

    assert not serve(connection, broken)
    answer = client.recv(65536)
    assert answer.startswith(b"HTTP/1.1 500")
    assert answer.endswith(b"logged.") == has_body
    assert "Error handling request" in caplog.text


def test_client_that_does_not_read_is_left_alone_until_it_does(pair):
    client, connection = pair
    connection.sock.settimeout(0)
    with contextlib.suppress(BlockingIOError):
        while True:
            connection.sock.send(bytes(65536))
    client.sendall(REQUEST % 1)
    connection.receive()

    assert connection.is_blocked
    assert connection.serve(answering(broken))


def test_client_that_is_gone_ends_the_connection(pair):
    client, connection = pair
    client.close()

    assert not connection.receive()
    assert not answering(application)(connection, parsed(REQUEST % 1))
    connection.sock.close()
    assert not connection.receive()
    assert not connection.end()


def parsed(data):
    reader = RequestReader(LIMITS, 1000)
    reader.feed(data)
    return reader.take()


def test_time_of_a_request_runs_from_its_first_byte(pair):
    client, connection = pair
    connection.wait(75, 30)
    idle_until = connection.timeout
    client.sendall(b"GET /")
    connection.receive()
    connection.wait(75, 30)
    first = connection.timeout
    client.sendall(b"1 HTTP/1.1\r\n")
    connection.receive()
    connection.wait(75, 30)

    assert idle_until > time.monotonic() + 60
    assert first == connection.timeout < idle_until
    connection.wait(75, inf)
    assert connection.timeout == inf


@pytest.mark.parametrize(("sent", "answer"), [(b"", b""), (b"GET / HTTP/1.1\r\n", b"HTTP/1.1 408")])
def test_only_a_request_that_is_late_is_refused(pair, sent, answer):
    client, connection = pair
    client.sendall(sent)
    connection.receive()

    connection.expire()
    connection.sock.close()

    assert client.recv(65536).startswith(answer)


def test_what_a_client_sends_after_the_end_is_thrown_away(pair):
    client, connection = pair

    assert connection.end()
    ends_at = connection.timeout
    client.sendall(REQUEST % 1)

    assert client.recv(65536) == b""
    assert connection.receive()
    assert not connection.reader.is_reading
    connection.wait(75, 30)
    assert connection.timeout == ends_at
