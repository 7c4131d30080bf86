import threading

import pytest

from http1.body import Body, chunk, last_chunk
from http1.fields import MalformedError
from http1.head import CHUNKED, UNTIL_CLOSE
from http1.stream import EndOfStreamError


@pytest.fixture
def body_of(stream, peer):
    """Return a function that makes a Body of ``length``; the peer sends ``data`` and stops sending."""

    def body_of(length, data):
        peer.sendall(data)
        peer.shutdown(1)
        return Body(stream, length)

    return body_of


def test_body_ends_after_its_length(body_of, stream):
    body = body_of(5, b"hellonext")

    assert not body.finished
    assert b"".join(body) == b"hello"
    assert body.finished
    assert body.has_buffered
    assert stream.read(9) == b"next"


def test_empty_body_is_finished_from_the_start(body_of):
    body = body_of(0, b"next")

    assert (body.finished, list(body), body.trailers) == (True, [], [])


def test_pieces_are_yielded_as_they_arrive(stream, peer):
    body = iter(Body(stream, 10))
    peer.sendall(b"hello")
    assert next(body) == b"hello"
    peer.sendall(b"world")
    assert next(body) == b"world"
    with pytest.raises(StopIteration):
        next(body)


def test_truncated_body_is_not_finished(body_of):
    body = body_of(5, b"hell")

    with pytest.raises(EndOfStreamError):
        list(body)
    assert not body.finished


def test_large_body_is_read_in_pieces(stream, peer):
    size = 3_000_000
    thread = threading.Thread(target=peer.sendall, args=[bytes(size)])
    thread.start()
    sizes = [len(piece) for piece in Body(stream, size)]
    thread.join(10)

    assert sum(sizes) == size
    assert max(sizes) <= 65536


def test_body_until_close_ends_with_the_connection(body_of):
    body = body_of(UNTIL_CLOSE, b"to the end")

    assert b"".join(body) == b"to the end"
    assert body.finished


@pytest.mark.parametrize(
    ("data", "content"),
    [
        (b"0\r\n\r\n", b""),
        (b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", b"hello world"),
        (b"A\r\n0123456789\r\n0\r\n\r\n", b"0123456789"),
        (b"0005\r\nhello\r\n00\r\n\r\n", b"hello"),
        (b'5;a="b;c"\r\nhello\r\n0;last\r\n\r\n', b"hello"),
        (b"5 \t;a\r\nhello\r\n0\r\n\r\n", b"hello"),
    ],
)
def test_chunks_are_decoded(body_of, stream, data, content):
    body = body_of(CHUNKED, data + b"next")

    assert b"".join(body) == content
    assert body.finished
    assert stream.read(9) == b"next"


def test_malformed_chunked_body_is_not_finished(body_of):
    body = body_of(CHUNKED, b"5\r\nhello\r\nzz\r\n")

    with pytest.raises(MalformedError):
        list(body)
    assert not body.finished


@pytest.mark.parametrize("data", [b"5\r\nhel", b"5\r\nhello", b"5\r\nhello\r\n", b"0\r\n", b"0\r\nX: 1\r\n"])
def test_truncated_chunked_body_is_not_finished(body_of, data):
    body = body_of(CHUNKED, data)

    with pytest.raises(EndOfStreamError):
        list(body)
    assert not body.finished


def test_trailers_are_kept_except_framing_routing_and_authentication_fields(body_of):
    body = body_of(
        CHUNKED,
        b"0\r\nX-Sum: 1\r\nContent-Length: 5\r\nHost: a\r\nTE: b\r\nTrailer: c\r\n"
        b"Transfer-Encoding: chunked\r\nAuthorization: d\r\nx-sum:2\r\n\r\n",
    )
    assert body.trailers == []

    list(body)

    assert body.trailers == [("X-Sum", "1"), ("x-sum", "2")]


def test_encoded_chunks_can_be_decoded(body_of):
    body = body_of(CHUNKED, chunk(b"hello") + chunk(b"x" * 300) + last_chunk([("X-Sum", "é")]))

    assert b"".join(body) == b"hello" + b"x" * 300
    assert body.trailers == [("X-Sum", "é")]
    assert last_chunk([]) == b"0\r\n\r\n"
