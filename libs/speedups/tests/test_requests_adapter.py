"""Requests, responses and errors of the adapter, with a server that sends raw bytes."""

import contextlib
import socket
import threading
import time

import pytest
import requests

from speedups import requests_adapter
from speedups.requests_adapter import OneConnectionAdapter

BODY = b'{"id": 7}'
RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n" + BODY
TIMEOUT = (5.0, 5.0)


class Server:
    """Sends one of ``responses`` for each request; None closes the connection instead."""

    def __init__(self, listening):
        self.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        self.responses = []
        self.requests = []
        self.connections = 0
        self.closed = threading.Semaphore(0)
        self._listening = listening

    def run(self):
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            self.connections += 1
            with connection, contextlib.suppress(ConnectionError):  # the client closed the connection
                while self.responses and (request := connection.recv(65536)):
                    self.requests.append(request)
                    response = self.responses.pop(0)
                    if response is None:
                        break
                    connection.sendall(response)
                    if self.responses and self.responses[0] is None:
                        del self.responses[0]
                        break
            self.closed.release()


@pytest.fixture
def server():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = Server(listening)
        thread = threading.Thread(target=server.run)
        thread.start()
        yield server
        listening.shutdown(socket.SHUT_RDWR)
        thread.join(10)


@pytest.fixture
def session():
    with requests.Session() as session:
        session.mount("http://", OneConnectionAdapter(lambda: 5.0))
        yield session


@pytest.fixture
def ask(server, session):
    return lambda path="/users/7": session.get(f"{server.url}{path}", timeout=TIMEOUT)


def test_request_is_http_1_1(server, session):
    server.responses = [RESPONSE]

    session.get(f"{server.url}/internal/users?a=1", headers={"X-Own": "yes"}, timeout=TIMEOUT)

    (request,) = server.requests
    line, *fields = request.removesuffix(b"\r\n\r\n").decode().split("\r\n")
    assert line == "GET /internal/users?a=1 HTTP/1.1"
    assert f"Host: {server.url.removeprefix('http://')}" in fields
    assert "X-Own: yes" in fields


def test_response_is_a_requests_response(server, ask):
    server.responses = [RESPONSE.replace(b"200 OK\r\n", b"404 Not Found\r\nX-A: 1\r\nX-A: 2\r\n")]

    response = ask()

    assert (response.status_code, response.reason, response.json()) == (404, "Not Found", {"id": 7})
    assert response.headers["x-a"] == "2"
    assert response.url == f"{server.url}/users/7"
    with pytest.raises(requests.HTTPError):
        response.raise_for_status()


@pytest.mark.parametrize(("charset", "encoding"), [("; charset=iso-8859-1", "iso-8859-1"), ("", "ISO-8859-1")])
def test_text_has_the_encoding_of_the_response(server, ask, charset, encoding):
    fields = f"Content-Type: text/plain{charset}\r\nContent-Length: 4\r\n\r\n"
    server.responses = [b"HTTP/1.1 200 OK\r\n" + fields.encode() + b"caf\xe9"]

    response = ask()

    assert (response.encoding, response.text) == (encoding, "caf\xe9")


@pytest.mark.parametrize(
    "response",
    [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n"
        + BODY[:4]
        + b"\r\n5\r\n"
        + BODY[4:]
        + b"\r\n0\r\n\r\n",
        b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + RESPONSE,
    ],
    ids=["chunked", "interim response first"],
)
def test_chunked_and_interim_responses_keep_the_connection(server, ask, response):
    server.responses = [response, response]

    assert [ask().json(), ask().json()] == [{"id": 7}, {"id": 7}]
    assert server.connections == 1


@pytest.mark.parametrize(
    "first",
    [
        [RESPONSE.replace(b"Content", b"Connection: close\r\nContent")],
        [b"HTTP/1.1 200 OK\r\n\r\n" + BODY, None],
        [RESPONSE + b"HTTP/1.1 200 OK\r\n"],
    ],
    ids=["connection: close", "no length", "more than the response"],
)
def test_connection_that_cannot_be_reused_is_replaced(server, ask, first):
    server.responses = [*first, RESPONSE]

    assert [ask().json(), ask().json()] == [{"id": 7}, {"id": 7}]
    assert server.connections == 2


def test_connection_that_the_server_closed_is_replaced(server, ask):
    server.responses = [RESPONSE, None, RESPONSE]
    ask()
    assert server.closed.acquire(timeout=10)

    assert ask().json() == {"id": 7}
    assert server.connections == 2


@pytest.mark.parametrize(
    "response",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n" + BODY,
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 100_000,
    ],
    ids=["not http", "malformed length", "cut off", "head without end"],
)
def test_malformed_or_incomplete_response_is_an_error_and_closes_the_connection(server, ask, response):
    server.responses = [response, None, RESPONSE]

    with pytest.raises(requests.ConnectionError):
        ask()

    assert ask().json() == {"id": 7}
    assert server.connections == 2


def test_unexpected_exception_closes_the_connection(server, ask, monkeypatch):
    server.responses = [RESPONSE, RESPONSE]
    with monkeypatch.context() as broken:
        broken.setattr(requests_adapter, "parse_response", lambda text: {}["injected"])
        with pytest.raises(KeyError):
            ask()

    assert ask().json() == {"id": 7}
    assert server.connections == 2


def test_each_wait_is_limited_by_the_read_timeout(server, session):
    server.responses = [b"", RESPONSE]

    with pytest.raises(requests.Timeout):
        session.get(server.url, timeout=(5.0, 0.05))


def test_all_waits_are_limited_by_the_deadline_of_the_call(server):
    ends_at = time.monotonic() + 0.2

    def remaining():
        if (seconds := ends_at - time.monotonic()) <= 0:
            raise TimeoutError
        return seconds

    server.responses = [b"HTTP/1.1 200 OK\r\nX-Filler: ", RESPONSE]
    with requests.Session() as session:
        session.mount("http://", OneConnectionAdapter(remaining))
        with pytest.raises(requests.Timeout):
            session.get(server.url, timeout=TIMEOUT)

    assert time.monotonic() - ends_at < 2
