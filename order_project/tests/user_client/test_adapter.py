"""What comes over the connection to the user service, byte for byte."""

import contextlib
import socket
import threading

import pytest

from user_client import UserServiceUnavailable, adapter, counters, find_verified_at

YES = b'{"id": 7}'
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n" + YES


class Server:
    """Answers the first request with the first of ``answers``, and so on; None closes the connection instead."""

    def __init__(self, listening):
        self.answers = []
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
            with connection, contextlib.suppress(ConnectionError):  # the client may have had enough
                while self.answers and (request := connection.recv(65536)):
                    self.requests.append(request)
                    answer = self.answers.pop(0)
                    if answer is None:
                        break
                    connection.sendall(answer)
                    if self.answers and self.answers[0] is None:
                        del self.answers[0]
                        break
            self.closed.release()


@pytest.fixture
def server(settings):
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = Server(listening)
        thread = threading.Thread(target=server.run)
        thread.start()
        settings.USER_SERVICE_URL = f"http://127.0.0.1:{listening.getsockname()[1]}"
        yield server
        listening.shutdown(socket.SHUT_RDWR)
        thread.join(10)


@pytest.fixture
def retries():
    """Count the attempts after the first since the test began."""
    before = counters.RETRIES._value.get()
    return lambda: counters.RETRIES._value.get() - before


def test_request_is_what_rfc_9112_says(server, settings):
    server.answers = [ANSWER]
    authority = settings.USER_SERVICE_URL.removeprefix("http://")

    find_verified_at(7)

    (request,) = server.requests
    line, *fields = request.removesuffix(b"\r\n\r\n").decode().split("\r\n")
    assert line == "GET /users/7 HTTP/1.1"
    assert f"Host: {authority}" in fields
    assert "Accept: application/json" in fields


def test_path_in_the_address_of_the_service_stays(server, settings):
    server.answers = [ANSWER]
    settings.USER_SERVICE_URL += "/internal"

    find_verified_at(7)

    assert server.requests[0].startswith(b"GET /internal/users/7 HTTP/1.1\r\n")


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n"
        + YES[:4]
        + b"\r\n5\r\n"
        + YES[4:]
        + b"\r\n0\r\n\r\n",
        b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + ANSWER,
    ],
    ids=["chunked", "interim answer first"],
)
def test_other_ways_to_answer(server, answer):
    server.answers = [answer, answer]

    assert find_verified_at(7)
    assert find_verified_at(7)

    assert server.connections == 1


@pytest.mark.parametrize(
    "first",
    [
        [ANSWER.replace(b"Content", b"Connection: close\r\nContent")],
        [b"HTTP/1.1 200 OK\r\n\r\n" + YES, None],
        [ANSWER + b"HTTP/1.1 200 OK\r\n"],
    ],
    ids=["connection: close", "no length", "more than the answer"],
)
def test_connection_that_carries_no_more_is_not_used_again(server, retries, first):
    server.answers = [*first, ANSWER]

    assert find_verified_at(7)
    assert find_verified_at(7)

    assert server.connections == 2
    assert retries() == 0


def test_connection_that_the_server_has_closed_is_replaced(server, retries):
    server.answers = [ANSWER, None, ANSWER]
    find_verified_at(7)
    assert server.closed.acquire(timeout=10)

    assert find_verified_at(7)

    assert server.connections == 2
    assert retries() == 0


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n" + YES,
    ],
    ids=["not http", "malformed length", "cut off"],
)
def test_what_is_no_complete_answer_is_asked_for_again(server, retries, answer):
    server.answers = [answer, None, ANSWER]

    assert find_verified_at(7)

    assert server.connections == 2
    assert retries() == 1


def test_connection_is_given_up_whatever_ends_an_exchange(server, monkeypatch):
    server.answers = [ANSWER, ANSWER]
    with monkeypatch.context() as broken:
        broken.setattr(adapter, "_final_head", lambda stream: {}["injected"])
        with pytest.raises(UserServiceUnavailable):
            find_verified_at(7)

    assert find_verified_at(7)

    assert server.connections == 2


def test_head_without_end_is_given_up(server):
    server.answers = [b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 100_000] * 2

    with pytest.raises(UserServiceUnavailable):
        find_verified_at(7)
