"""Chunked bodies received in pieces of any size."""

import pytest

from http1.chunk_decoder import ChunkDecoder
from http1.fields import MalformedError

BODY = b'5;ext="a;b"\r\nhello\r\n006\r\n world\r\n0\r\nX-Sum: 1\r\nHost: evil\r\nx-sum: 2\r\n\r\n'


def decode(*pieces):
    decoder = ChunkDecoder()
    return decoder, b"".join(piece for data in pieces for piece in decoder.feed(data))


@pytest.mark.parametrize("size", [1, 2, 3, 7, len(BODY)])
def test_body_is_the_same_in_pieces_of_any_size(size):
    decoder, content = decode(*(BODY[at : at + size] for at in range(0, len(BODY), size)))

    assert (content, decoder.finished, decoder.rest) == (b"hello world", True, b"")
    assert decoder.trailers == [("X-Sum", "1"), ("x-sum", "2")]


def test_bytes_after_the_end_are_kept():
    decoder, content = decode(BODY + b"GET / HTTP/1.1\r\n")

    assert (content, decoder.rest) == (b"hello world", b"GET / HTTP/1.1\r\n")


def test_incomplete_chunk_is_yielded():
    decoder = ChunkDecoder()

    assert list(decoder.feed(b"a\r\n012")) == [b"012"]
    assert list(decoder.feed(b"34")) == [b"34"]
    assert not decoder.finished


def test_data_before_a_malformed_line_is_yielded():
    pieces = ChunkDecoder().feed(b"2\r\nok\r\nzz\r\n")

    assert next(pieces) == b"ok"
    with pytest.raises(MalformedError, match="chunk size"):
        next(pieces)


@pytest.mark.parametrize(
    "data",
    [
        b"zz\r\n\r\n",
        b"-1\r\n\r\n",
        b"+5\r\nhello\r\n0\r\n\r\n",
        b"0x5\r\nhello\r\n0\r\n\r\n",
        b"0_5\r\nhello\r\n0\r\n\r\n",
        b" 5\r\nhello\r\n0\r\n\r\n",
        b"5 \r\nhello\r\n0\r\n\r\n",
        b"\r\nhello\r\n0\r\n\r\n",
        b"0" * 16 + b"\r\n\r\n",
        b"f" * 17 + b"\r\n",
        b"5\nhello\r\n0\r\n\r\n",
        b"5\rXhello\r\n0\r\n\r\n",
        b"5\r\nhello\n0\r\n\r\n",
        b"3\r\nhello\r\n0\r\n\r\n",
        b"5;a\x00b\r\nhello\r\n0\r\n\r\n",
        b"5;a\nb\r\nhello\r\n0\r\n\r\n",
        b"5;" + b"a" * 10_000,
        b"5;" + b"a" * 10_000 + b"\r\nhello\r\n0\r\n\r\n",
        b"0\r\nX Y: 1\r\n\r\n",
        b"0\r\nX: 1\r\n Y: 1\r\n\r\n",
        b"0\r\nX: " + b"a" * 10_000,
        b"0\r\n" + b"X: 1\r\n" * 101 + b"\r\n",
    ],
    ids=lambda data: str(data[:24]),
)
def test_malformed_body_is_refused(data):
    with pytest.raises(MalformedError):
        decode(data)


def test_trailers_up_to_the_limit_are_accepted():
    decoder, _ = decode(b"0\r\n" + b"X: 1\r\n" * 100 + b"\r\n")

    assert len(decoder.trailers) == 100
