"""Reuse, close and reset of the connection after a response."""

import socket

import pytest
from application import Streamed, Whole, answer_to, send, sent


def test_client_that_closes_is_told_so(ours, peer):
    answer = answer_to(ours, "GET / HTTP/1.1", "Connection: close")

    send(answer, Whole([b"x"]))

    assert not answer.keeps_connection
    assert b"\r\nConnection: close\r\n" in sent(ours, peer)


def test_process_that_stops_closes(ours, peer):
    answer = answer_to(ours, is_stopping=True)

    send(answer, Whole([b"x"]))

    assert not answer.keeps_connection
    assert b"\r\nConnection: close\r\n" in sent(ours, peer)


def test_old_client_that_asks_for_it_is_kept(ours, peer):
    answer = answer_to(ours, "GET / HTTP/1.0", "Connection: keep-alive")

    send(answer, Whole([b"x"]))

    assert answer.keeps_connection
    assert b"\r\nConnection: keep-alive\r\n" in sent(ours, peer)


def test_old_client_gets_what_is_streamed_until_the_connection_ends(ours, peer):
    answer = answer_to(ours, "GET / HTTP/1.0", "Connection: keep-alive")

    send(answer, Streamed([b"he", b"llo"]))

    assert not answer.keeps_connection
    assert sent(ours, peer) == b"HTTP/1.1 200 OK\r\nDate: then\r\nConnection: close\r\n\r\nhello"


def test_small_unread_rest_of_the_request_is_thrown_away_and_the_connection_kept(ours):
    answer = answer_to(ours, "POST / HTTP/1.1", "Content-Length: 65536")

    send(answer, Whole([b"x"]))

    assert (answer.must_drain, answer.keeps_connection) == (True, True)


@pytest.mark.parametrize(
    "lines",
    [
        ("Content-Length: 65537",),
        ("Transfer-Encoding: chunked",),
        ("Content-Length: 5", "Expect: 100-continue"),
    ],
)
def test_other_unread_rest_costs_the_connection(ours, peer, lines):
    answer = answer_to(ours, "POST / HTTP/1.1", *lines)

    send(answer, Whole([b"x"]))

    assert (answer.must_drain, answer.keeps_connection) == (False, False)
    assert b"\r\nConnection: close\r\n" in sent(ours, peer)


def test_streamed_response_may_still_be_reading_the_request(ours):
    answer = answer_to(ours, "POST / HTTP/1.1", "Content-Length: 65537")

    send(answer, Streamed([b"x"]))

    assert (answer.must_drain, answer.keeps_connection) == (False, True)


def broken():
    yield b"he"
    raise KeyError


def test_broken_chunked_response_has_no_last_chunk(ours, peer):
    answer = answer_to(ours)
    with pytest.raises(KeyError):
        send(answer, broken())

    assert not answer.keeps_connection
    assert sent(ours, peer).endswith(b"\r\n\r\n2\r\nhe\r\n")


def test_broken_response_whose_end_is_that_of_the_connection_ends_with_a_reset():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        peer = socket.create_connection(listener.getsockname(), timeout=5)
        ours, _ = listener.accept()
    with peer, ours:
        with pytest.raises(KeyError):
            send(answer_to(ours, "GET / HTTP/1.0"), broken())
        peer.recv(1000)
        ours.close()

        with pytest.raises(ConnectionResetError):
            peer.recv(1000)


def test_response_that_fails_before_its_first_piece_has_not_begun(ours, peer):
    def broken():
        raise KeyError
        yield

    answer = answer_to(ours)
    with pytest.raises(KeyError):
        send(answer, broken())

    assert not answer.has_begun
    assert sent(ours, peer) == b""
