"""Ambiguous requests (RFC 9112, section 11) are rejected or forwarded in one unambiguous form."""

import json
import time

import pytest

from tests.client import Client, request

HOST = b"Host: example.org\r\n"
HIDDEN = b"GET /hidden HTTP/1.1\r\nHost: example.org\r\n\r\n"


def post(*lines, body=b""):
    return b"POST / HTTP/1.1\r\n" + HOST + b"".join(line + b"\r\n" for line in lines) + b"\r\n" + body


CHUNKED = b"Transfer-Encoding: chunked"
REFUSED = {
    "two lengths": post(b"Content-Length: 0", b"Content-Length: 44", body=HIDDEN),
    "one length twice": post(b"Content-Length: 44", b"Content-Length: 44", body=HIDDEN),
    "a list of lengths": post(b"Content-Length: 44, 44", body=HIDDEN),
    "a signed length": post(b"Content-Length: +44", body=HIDDEN),
    "a negative length": post(b"Content-Length: -1", body=HIDDEN),
    "a length in hex": post(b"Content-Length: 0x2c", body=HIDDEN),
    "a length with an underscore": post(b"Content-Length: 4_4", body=HIDDEN),
    "a length with a space": post(b"Content-Length: 4 4", body=HIDDEN),
    "an empty length": post(b"Content-Length:", body=HIDDEN),
    "a huge length": post(b"Content-Length: " + b"9" * 30, body=HIDDEN),
    "a length in non-ASCII digits": post("Content-Length: ²".encode("latin-1"), body=HIDDEN),
    "length and chunks": post(b"Content-Length: 5", CHUNKED, body=b"0\r\n\r\n" + HIDDEN),
    "chunks and length": post(CHUNKED, b"Content-Length: 5", body=b"0\r\n\r\n" + HIDDEN),
    "chunked twice": post(CHUNKED, CHUNKED, body=b"0\r\n\r\n" + HIDDEN),
    "two codings": post(b"Transfer-Encoding: chunked, identity", body=b"0\r\n\r\n" + HIDDEN),
    "an unknown coding": post(b"Transfer-Encoding: xchunked", body=b"0\r\n\r\n" + HIDDEN),
    "a quoted coding": post(b'Transfer-Encoding: "chunked"', body=b"0\r\n\r\n" + HIDDEN),
    "a coding with a parameter": post(b"Transfer-Encoding: chunked;a=b", body=b"0\r\n\r\n" + HIDDEN),
    "an empty coding": post(b"Transfer-Encoding:", body=b"0\r\n\r\n" + HIDDEN),
    "identity": post(b"Transfer-Encoding: identity", b"Content-Length: 5", body=b"0\r\n\r\n" + HIDDEN),
    "vertical tab before the coding": post(b"Transfer-Encoding: \x0bchunked", body=b"0\r\n\r\n" + HIDDEN),
    "space before the colon": post(b"Content-Length : 44", body=HIDDEN),
    "tab before the colon": post(b"Transfer-Encoding\t: chunked", body=b"0\r\n\r\n" + HIDDEN),
    "folded coding": post(b"Transfer-Encoding:\r\n chunked", body=b"0\r\n\r\n" + HIDDEN),
    "folded field": post(b"X: a\r\n b"),
    "fold after the request line": b"GET / HTTP/1.1\r\n Host: x\r\n" + HOST + b"\r\n",
    "no colon": post(b"Content-Length 44", body=HIDDEN),
    "empty name": post(b": 44"),
    "space in a name": post(b"Content Length: 44", body=HIDDEN),
    "NUL in a name": post(b"Content-Length\x00: 44", body=HIDDEN),
    "letter outside of ASCII in a name": post("Contént: 1".encode("latin-1")),
    "NUL in a value": post(b"X: a\x00b"),
    "bare CR in a value": post(b"X: a\rContent-Length: 44", body=HIDDEN),
    "bare CR at the end": post(b"X: a\r"),
    "bare LF between fields": b"GET / HTTP/1.1\r\nHost: example.org\nX: 1\r\n\r\n",
    "bare LF after the request line": b"GET / HTTP/1.1\nHost: example.org\r\n\r\n",
    "bare LF at the end": b"GET / HTTP/1.1\r\n" + HOST + b"\n",
    "bare LF everywhere": b"GET / HTTP/1.1\nHost: example.org\n\n",
    "delete in a value": post(b"X: a\x7fb"),
    "escape in a value": post(b"X: a\x1bb"),
    "bad chunk size": post(CHUNKED, body=b"zz\r\n\r\n"),
    "negative chunk size": post(CHUNKED, body=b"-1\r\n\r\n"),
    "signed chunk size": post(CHUNKED, body=b"+5\r\nhello\r\n0\r\n\r\n"),
    "chunk size with 0x": post(CHUNKED, body=b"0x5\r\nhello\r\n0\r\n\r\n"),
    "chunk size with an underscore": post(CHUNKED, body=b"0_5\r\nhello\r\n0\r\n\r\n"),
    "chunk size after a space": post(CHUNKED, body=b" 5\r\nhello\r\n0\r\n\r\n"),
    "chunk size before a space": post(CHUNKED, body=b"5 \r\nhello\r\n0\r\n\r\n"),
    "chunk size with many zeros": post(CHUNKED, body=b"0" * 20 + b"5\r\nhello\r\n0\r\n\r\n"),
    "huge chunk size": post(CHUNKED, body=b"fffffffffffffffff\r\n"),
    "empty chunk size": post(CHUNKED, body=b"\r\nhello\r\n0\r\n\r\n"),
    "bare LF after a chunk size": post(CHUNKED, body=b"5\nhello\r\n0\r\n\r\n"),
    "bare CR after a chunk size": post(CHUNKED, body=b"5\rXhello\r\n0\r\n\r\n"),
    "bare LF after a chunk": post(CHUNKED, body=b"5\r\nhello\n0\r\n\r\n"),
    "chunk longer than its size": post(CHUNKED, body=b"3\r\nhello\r\n0\r\n\r\n"),
    "control in a chunk extension": post(CHUNKED, body=b"5;a\x00b\r\nhello\r\n0\r\n\r\n"),
    "bare LF in a chunk extension": post(CHUNKED, body=b"5;a\nb\r\nhello\r\n0\r\n\r\n"),
    "bad trailer": post(CHUNKED, body=b"0\r\nX Y: 1\r\n\r\n"),
    "folded trailer": post(CHUNKED, body=b"0\r\nX: 1\r\n Y: 1\r\n\r\n"),
    "no Host": b"GET / HTTP/1.1\r\n\r\n",
    "two Hosts": b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "one Host twice": b"GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n",
    "a Host with a path": b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",
    "a Host with a user": b"GET / HTTP/1.1\r\nHost: u@a\r\n\r\n",
    "a Host with a space": b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
    "a list of Hosts": b"GET / HTTP/1.1\r\nHost: a, b\r\nX: 1\r\n\r\n",
    "authority as target": b"CONNECT example.org:80 HTTP/1.1\r\n" + HOST + b"\r\n",
    "two spaces before the target": b"GET  / HTTP/1.1\r\n" + HOST + b"\r\n",
    "space in the target": b"GET /a b HTTP/1.1\r\n" + HOST + b"\r\n",
    "tab in the target": b"GET /a\tb HTTP/1.1\r\n" + HOST + b"\r\n",
    "NUL in the target": b"GET /a\x00b HTTP/1.1\r\n" + HOST + b"\r\n",
    "space before the method": b" GET / HTTP/1.1\r\n" + HOST + b"\r\n",
    "no version": b"GET /\r\n" + HOST + b"\r\n",
    "version in lower case": b"GET / http/1.1\r\n" + HOST + b"\r\n",
    "version with a space": b"GET / HTTP/1.1 \r\n" + HOST + b"\r\n",
    "version of two digits": b"GET / HTTP/1.10\r\n" + HOST + b"\r\n",
    "brackets in the method": b"GE[T / HTTP/1.1\r\n" + HOST + b"\r\n",
    "chunks in HTTP/1.0": b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + HIDDEN,
    "not HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_ambiguous_request_is_rejected(gateway, upstream, name):
    with Client(gateway.port) as client:
        client.send(REFUSED[name])
        got = client.read()
        assert client.is_closed()  # the start of the next request is unknown

    assert got.status in (400, 501)
    assert got.value(b"Content-Type") == b"application/problem+json"
    assert json.loads(got.body)["request_id"].encode() == got.value(b"X-Request-ID")
    assert upstream.requests == []


def test_other_http_versions_get_505(gateway, upstream):
    with Client(gateway.port) as client:
        client.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        assert client.read().status == 505

    assert upstream.requests == []


REFRAMED = {
    "coding in capitals": (post(CHUNKED.swapcase(), body=b"5\r\nhello\r\n0\r\n\r\n"), b"5\r\nhello\r\n0\r\n\r\n"),
    "chunk extension": (post(CHUNKED, body=b'5;a="b;c"\r\nhello\r\n0\r\n\r\n'), b"5\r\nhello\r\n0\r\n\r\n"),
    "leading zeros": (post(CHUNKED, body=b"0005\r\nhello\r\n00\r\n\r\n"), b"5\r\nhello\r\n0\r\n\r\n"),
    "size in capitals": (post(CHUNKED, body=b"A\r\n0123456789\r\n0\r\n\r\n"), b"a\r\n0123456789\r\n0\r\n\r\n"),
    "length in a chunked trailer": (post(CHUNKED, body=b"0\r\nContent-Length: 44\r\n\r\n"), b"0\r\n\r\n"),
    "length with zeros": (post(b"Content-Length: 005", body=b"hello"), b"hello"),
    "length and connection": (post(b"Content-Length: 5", b"Connection: Content-Length", body=b"hello"), b"hello"),
    "empty lines before": (b"\r\n\r\n" + post(b"Content-Length: 5", body=b"hello"), b"hello"),
    "empty line after the body": (post(b"Content-Length: 5", body=b"hello") + b"\r\n", b"hello"),
    "empty line before": (b"\r\n" + post(b"Content-Length: 5", body=b"hello"), b"hello"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFRAMED)
def test_unambiguous_request_is_forwarded_as_one_request(gateway, upstream, name):
    data, body = REFRAMED[name]

    with Client(gateway.port) as client:
        client.send(data + request(target="/next"))
        assert [client.read().status, client.read().status] == [200, 200]

    assert [(arrived.target, arrived.body) for arrived in upstream.requests] == [
        (b"/", body),
        (b"/next", b""),
    ]


@pytest.mark.parametrize("name", ["X_Content-Length", "Content_Length", "content-length-x"])
def test_field_name_that_resembles_content_length_is_ignored(gateway, upstream, name):
    with Client(gateway.port) as client:
        client.send(request("GET", "/", f"{name}: 500") + request(target="/next"))
        assert [client.read().status, client.read().status] == [200, 200]

    assert len(upstream.requests) == 2


def test_request_inside_a_body_is_forwarded_as_body(gateway, upstream):
    with Client(gateway.port) as client:
        client.send(request("POST", "/", body=HIDDEN) + request("POST", "/", body=HIDDEN))
        assert [client.read().status, client.read().status] == [200, 200]

    assert [arrived.target for arrived in upstream.requests] == [b"/", b"/"]


def test_unread_body_is_not_parsed_as_the_next_request(streaming_gateway, upstream):
    def respond_early(connection, arrived):
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        time.sleep(0.1)
        connection.close()

    upstream.on_head = respond_early
    with Client(streaming_gateway.port) as client:
        client.send(request("POST", "/", "Content-Length: 100000"))
        client.read()
    with Client(streaming_gateway.port) as client:
        client.send(request(target="/next"))
        assert client.read().status == 200

    assert [arrived.target for arrived in upstream.requests] == [b"/", b"/next"]
    assert upstream.requests[0].connection != upstream.requests[1].connection
