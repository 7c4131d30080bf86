"""Reuse, close and reset of the connection after a response."""

import socket

import pytest
from application import Streamed, Whole, send, sent, writer_for


def test_connection_close_of_the_client_is_confirmed(ours, peer):
    writer = writer_for(ours, "GET / HTTP/1.1", "Connection: close")

    send(writer, Whole([b"x"]))

    assert not writer.keeps_connection
    assert b"\r\nConnection: close\r\n" in sent(ours, peer)


def test_stopping_process_closes_the_connection(ours, peer):
    writer = writer_for(ours, is_stopping=True)

    send(writer, Whole([b"x"]))

    assert not writer.keeps_connection
    assert b"\r\nConnection: close\r\n" in sent(ours, peer)


def test_http_1_0_client_may_keep_the_connection(ours, peer):
    writer = writer_for(ours, "GET / HTTP/1.0", "Connection: keep-alive")

    send(writer, Whole([b"x"]))

    assert writer.keeps_connection
    assert b"\r\nConnection: keep-alive\r\n" in sent(ours, peer)


def test_streamed_response_to_http_1_0_ends_with_the_connection(ours, peer):
    writer = writer_for(ours, "GET / HTTP/1.0", "Connection: keep-alive")

    send(writer, Streamed([b"he", b"llo"]))

    assert not writer.keeps_connection
    assert sent(ours, peer) == b"HTTP/1.1 200 OK\r\nDate: then\r\nConnection: close\r\n\r\nhello"


def test_small_unread_body_is_drained_and_the_connection_kept(ours):
    writer = writer_for(ours, "POST / HTTP/1.1", "Content-Length: 65536")

    send(writer, Whole([b"x"]))

    assert (writer.must_drain, writer.keeps_connection) == (True, True)


@pytest.mark.parametrize(
    "lines",
    [
        ("Content-Length: 65537",),
        ("Transfer-Encoding: chunked",),
        ("Content-Length: 5", "Expect: 100-continue"),
    ],
)
def test_other_unread_body_closes_the_connection(ours, peer, lines):
    writer = writer_for(ours, "POST / HTTP/1.1", *lines)

    send(writer, Whole([b"x"]))

    assert (writer.must_drain, writer.keeps_connection) == (False, False)
    assert b"\r\nConnection: close\r\n" in sent(ours, peer)


def test_streamed_response_may_still_be_reading_the_request(ours):
    writer = writer_for(ours, "POST / HTTP/1.1", "Content-Length: 65537")

    send(writer, Streamed([b"x"]))

    assert (writer.must_drain, writer.keeps_connection) == (False, True)


def broken():
    yield b"he"
    raise KeyError


def test_broken_chunked_response_has_no_last_chunk(ours, peer):
    writer = writer_for(ours)
    with pytest.raises(KeyError):
        send(writer, broken())

    assert not writer.keeps_connection
    assert sent(ours, peer).endswith(b"\r\n\r\n2\r\nhe\r\n")


def test_broken_response_that_ends_with_the_connection_is_reset():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        peer = socket.create_connection(listener.getsockname(), timeout=5)
        ours, _ = listener.accept()
    with peer, ours:
        with pytest.raises(KeyError):
            send(writer_for(ours, "GET / HTTP/1.0"), broken())
        peer.recv(1000)
        ours.close()

        with pytest.raises(ConnectionResetError):
            peer.recv(1000)


def test_response_that_fails_before_its_first_piece_has_not_begun(ours, peer):
    def broken():
        raise KeyError
        yield

    writer = writer_for(ours)
    with pytest.raises(KeyError):
        send(writer, broken())

    assert not writer.has_begun
    assert sent(ours, peer) == b""
