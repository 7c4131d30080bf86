import socket
from types import SimpleNamespace

import pytest
from gunicorn.config import Config
from gunicorn.http.wsgi import FileWrapper

from chassis.response import OnePieceResponse


class Recorder:
    """A socket that remembers what was sent at once."""

    def __init__(self):
        self.sent = []

    def sendall(self, data):
        self.sent.append(data)


@pytest.fixture
def recorder():
    return Recorder()


def respond(client, *fields, status="200 OK"):
    request = SimpleNamespace(method="GET", version=(1, 1), should_close=lambda: False)
    response = OnePieceResponse(request, client, Config())
    response.start_response(status, list(fields))
    return response


def test_head_and_first_piece_are_sent_at_once(recorder):
    response = respond(recorder, ("Content-Length", "6"))

    response.write(b"one")
    response.write(b"two")
    response.close()

    first, second = recorder.sent
    assert first.startswith(b"HTTP/1.1 200 OK\r\n")
    assert first.endswith(b"\r\n\r\none")
    assert second == b"two"


def test_pieces_of_unknown_length_are_chunks(recorder):
    response = respond(recorder)

    response.write(b"one")
    response.close()

    first, end = recorder.sent
    assert first.endswith(b"\r\n\r\n3\r\none\r\n")
    assert end == b"0\r\n\r\n"


def test_head_is_sent_where_there_is_no_body(recorder):
    response = respond(recorder, status="204 No Content")

    response.write(b"")
    response.close()

    (head,) = recorder.sent
    assert head.startswith(b"HTTP/1.1 204 No Content\r\n")
    assert head.endswith(b"\r\n\r\n")


def test_head_comes_before_a_file(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"content")
    ours, theirs = socket.socketpair()
    with ours, theirs, path.open("rb") as file:
        response = respond(ours, ("Content-Length", "7"))

        response.write_file(FileWrapper(file))
        response.close()

        ours.close()
        received = theirs.makefile("rb").read()
    assert received.startswith(b"HTTP/1.1 200 OK\r\n")
    assert received.endswith(b"\r\n\r\ncontent")


def test_answer_is_not_taken_for_sent_before_it_is(recorder):
    assert not respond(recorder).headers_sent
