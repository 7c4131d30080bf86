"""Requests received in pieces of any size."""

import pytest

from http1.fields import MalformedError
from http1.head import RefusedError
from http1.limits import Limits
from http1.request_reader import RequestReader
from http1.stream import HeadTooLargeError

HOST = b"Host: localhost\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"
GET = b"GET /get HTTP/1.1\r\n" + HOST + b"\r\n"
POST = b"POST /post HTTP/1.1\r\n" + HOST + b"Content-Length: 5\r\n\r\nhello"
CHUNKS = b"POST /chunks HTTP/1.1\r\n" + HOST + CHUNKED + b"\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\nX: 1\r\n\r\n"
MAX_BODY_BYTES = 100


@pytest.fixture
def reader():
    return RequestReader(Limits(line=100, fields=5, field=200, head=1000), MAX_BODY_BYTES)


def feed(reader, *pieces):
    """Return the target and content of each complete request."""
    requests = []
    for data in pieces:
        reader.feed(data)
        while request := reader.next_request():
            assert request.finished
            requests.append((request.head.target, request.content))
    return requests


@pytest.mark.parametrize("size", [1, 2, 5, 17, 1000])
def test_requests_are_the_same_in_pieces_of_any_size(reader, size):
    data = b"\r\n" + POST + b"\r\n" + GET + CHUNKS + b"\r\n\r\n" + POST + CHUNKS + GET

    requests = feed(reader, *(data[at : at + size] for at in range(0, len(data), size)))

    post, get, chunks = ("/post", b"hello"), ("/get", b""), ("/chunks", b"hello")
    assert requests == [post, get, chunks, post, chunks, get]
    assert (reader.size, reader.is_reading) == (0, False)


@pytest.mark.parametrize("whole", [GET, POST, CHUNKS])
def test_request_is_returned_after_its_last_byte(reader, whole):
    assert feed(reader, whole[:-1]) == []
    assert reader.is_reading
    assert 0 < reader.size < len(whole)
    assert len(feed(reader, whole[-1:])) == 1


def test_empty_lines_start_no_request(reader):
    assert feed(reader, b"\r\n\r\n\r") == []
    assert not reader.is_reading


def test_100_continue_is_requested_once(reader):
    feed(reader, POST.replace(b"\r\n\r\nhello", b"\r\nExpect: 100-continue\r\n\r\n"))

    assert [reader.must_continue(), reader.must_continue()] == [True, False]
    assert feed(reader, b"hello") == [("/post", b"hello")]
    assert not reader.must_continue()


@pytest.mark.parametrize("data", [GET, POST[:-1], POST, POST[:20], b""])
def test_100_continue_is_not_sent_to_other_clients(reader, data):
    feed(reader, data)

    assert not reader.must_continue()


def test_too_large_body_with_a_length_is_not_read(reader):
    reader.feed(POST.replace(b": 5", b": 101"))

    request = reader.next_request()

    assert (request.content, request.finished, request.length) == (b"", False, 101)


def test_too_large_chunked_body_is_read_until_it_exceeds_the_limit(reader):
    reader.feed(CHUNKS.partition(b"\r\n\r\n")[0] + b"\r\n\r\n" + b"32\r\n%b\r\n" % bytes(50) * 3)

    request = reader.next_request()

    assert (len(request.content), request.finished) == (150, False)


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"GET /\r\n\r\n", MalformedError),
        (b"POST / HTTP/1.1\r\n" + HOST + CHUNKED + b"\r\nzz\r\n", MalformedError),
        (b"GET /" + b"a" * 100 + b" HTTP/1.1\r\n" + HOST + b"\r\n", RefusedError),
        (b"\r\nGET /" + b"a" * 100 + b" HTTP/1.1\r\n" + HOST + b"\r\n", RefusedError),
        (b"GET /" + b"a" * 1000, HeadTooLargeError),
    ],
)
@pytest.mark.parametrize("method", [b"GET", b"HEAD"])
def test_method_of_a_refused_request_is_known(reader, data, error, method):
    reader.feed(data.replace(b"GET", method).replace(b"POST", method))

    with pytest.raises(error):
        reader.next_request()

    assert reader.is_head_request is (method == b"HEAD")


def test_size_includes_trailers_and_size_lines(reader):
    head = CHUNKS.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
    feed(reader, head + b"2;" + b"a" * 1000)
    assert reader.size >= 1000

    feed(reader, b"\r\nok\r\n0\r\n" + (b"X: " + b"a" * 1000 + b"\r\n") * 5)
    assert reader.size >= 5000
