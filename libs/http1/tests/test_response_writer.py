"""Framing of WSGI responses (RFC 9112, section 6)."""

import re
import threading
import time
from email.utils import parsedate_to_datetime

import pytest
from application import DATE, Streamed, Whole, send, sent, writer_for

from http1.response_writer import http_date


def test_response_in_memory_gets_a_content_length(ours, peer):
    writer = writer_for(ours)

    send(writer, Whole([b"he", b"llo"]), ("X-A", "1"), ("X-A", "2"))

    assert writer.keeps_connection
    assert (writer.status, writer.sent, writer.has_begun) == ("200", 5, True)
    assert sent(ours, peer) == (b"HTTP/1.1 200 OK\r\nDate: then\r\nX-A: 1\r\nX-A: 2\r\nContent-Length: 5\r\n\r\nhello")


def test_content_length_of_the_application_is_kept(ours, peer):
    send(writer_for(ours), [b"hello"], ("content-length", "5"))

    assert sent(ours, peer) == b"HTTP/1.1 200 OK\r\nDate: then\r\ncontent-length: 5\r\n\r\nhello"


def test_streamed_response_is_chunked_and_ends_with_its_trailers(ours, peer):
    writer = writer_for(ours)

    send(writer, Streamed([b"he", b"", b"llo"]))

    assert writer.sent == 5
    assert sent(ours, peer) == (
        b"HTTP/1.1 200 OK\r\nDate: then\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"2\r\nhe\r\n3\r\nllo\r\n0\r\nX-Sum: 1\r\n\r\n"
    )


@pytest.mark.parametrize("response", [[], Whole()])
def test_empty_response_has_a_head(ours, peer, response):
    send(writer_for(ours), response, ("Content-Length", "0"))

    assert sent(ours, peer) == b"HTTP/1.1 200 OK\r\nDate: then\r\nContent-Length: 0\r\n\r\n"


def test_empty_streamed_response_is_its_last_chunk(ours, peer):
    send(writer_for(ours), [])

    assert sent(ours, peer) == b"HTTP/1.1 200 OK\r\nDate: then\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"


def test_empty_piece_sends_the_head_immediately(ours, peer):
    writer = writer_for(ours)
    seen = []

    def pieces():
        yield b""
        seen.append(peer.recv(1000))
        yield b"late"

    send(writer, pieces())

    assert seen == [b"HTTP/1.1 200 OK\r\nDate: then\r\nTransfer-Encoding: chunked\r\n\r\n"]


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("HEAD / HTTP/1.1", "200 OK"),
        ("GET / HTTP/1.1", "204 No Content"),
        ("GET / HTTP/1.1", "304 Not Modified"),
    ],
)
def test_body_is_omitted_and_the_connection_kept(ours, peer, line, status):
    writer = writer_for(ours, line)

    send(writer, [b"hello"], ("ETag", "x"), status=status)

    assert writer.keeps_connection
    assert sent(ours, peer) == f"HTTP/1.1 {status}\r\nDate: then\r\nETag: x\r\n\r\n".encode()


def test_application_may_call_start_response_with_the_first_piece(ours, peer):
    writer = writer_for(ours)

    def pieces():
        writer.start_response("201 Created", [DATE, ("Content-Length", "5")])
        yield b"hello"

    writer.send(pieces())

    assert sent(ours, peer).startswith(b"HTTP/1.1 201 Created\r\n")


def test_write_callable_of_start_response_writes(ours, peer):
    writer = writer_for(ours)
    write = writer.start_response("200 OK", [DATE, ("Content-Length", "5")])
    writer.send([])

    write(b"hello")

    assert sent(ours, peer).endswith(b"\r\n\r\nhello")


def test_header_values_are_encoded_as_latin_1(ours, peer):
    send(writer_for(ours), [], ("Content-Length", "0"), ("X", "é"))

    assert b"X: \xe9\r\n" in sent(ours, peer)


def test_response_without_a_date_gets_one(ours, peer):
    writer = writer_for(ours)
    writer.start_response("200 OK", [("Content-Length", "0")])
    writer.send([])

    date = re.search(rb"\r\nDate: (.*)\r\n", sent(ours, peer))[1].decode()
    assert abs(parsedate_to_datetime(date).timestamp() - time.time()) < 5


def test_http_date_is_formatted_and_cached():
    assert http_date(784111777) == "Sun, 06 Nov 1994 08:49:37 GMT"
    assert http_date(784111777) is http_date(784111777)
    assert http_date(784111778) == "Sun, 06 Nov 1994 08:49:38 GMT"


def test_interim_response_is_sent_immediately(ours, peer):
    writer = writer_for(ours)

    writer.interim(103, "Early Hints", [("Link", "</a>"), ("Link", "</b>")])

    assert peer.recv(1000) == b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nLink: </b>\r\n\r\n"
    assert not writer.has_begun


def test_http_1_0_client_gets_no_interim_response(ours, peer):
    writer_for(ours, "GET / HTTP/1.0").interim(103, "Early Hints", [])

    assert sent(ours, peer) == b""


def test_interim_response_is_not_sent_after_the_final_response_has_begun(ours, peer):
    writer = writer_for(ours)
    send(writer, [], ("Content-Length", "0"))

    writer.interim(103, "Early Hints", [])

    assert b"103" not in sent(ours, peer)


def test_large_response_is_complete(ours, peer):
    piece = bytes(range(256)) * 4096
    received = bytearray()

    def read():
        while data := peer.recv(65536):
            received.extend(data)

    thread = threading.Thread(target=read)
    thread.start()
    send(writer_for(ours), [piece] * 3, ("Content-Length", str(len(piece) * 3)))
    ours.close()
    thread.join(10)

    assert bytes(received).endswith(b"\r\n\r\n" + piece * 3)


@pytest.mark.parametrize(("headers", "request_id"), [([("X-Request-ID", "a"), ("X-Request-ID", "b")], "b"), ([], "-")])
def test_request_id_is_the_last_field(ours, headers, request_id):
    writer = writer_for(ours)
    writer.start_response("200 OK", headers)

    assert writer.request_id == request_id


@pytest.mark.parametrize("status", ["204 No Content", "199 Interim"])
def test_status_without_a_body_has_no_content_length(ours, peer, status):
    writer = writer_for(ours)

    send(writer, Whole(), ("Content-Length", "0"), status=status)

    assert writer.keeps_connection
    assert b"content-length" not in sent(ours, peer).lower()
