"""Interim (1xx) responses."""

import threading

import pytest

from tests.client import Client, exchange, request
from tests.upstream import OK, respond_with


def test_early_hints_are_forwarded(gateway, upstream):
    hints = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\nLink: </b.js>\r\n\r\n"
    upstream.script = respond_with(hints + b"HTTP/1.1 102 Processing\r\n\r\n" + OK)

    got = exchange(gateway.port, request())

    assert [interim.status for interim in got.interim] == [103, 102]
    assert got.interim[0].values(b"Link") == [b"</a.css>; rel=preload", b"</b.js>"]
    assert got.body == b"ok"


@pytest.mark.parametrize("length", ["0", "+5", ""])
def test_length_of_an_interim_response_is_not_forwarded(gateway, upstream, length):
    hints = f"HTTP/1.1 103 Early Hints\r\nContent-Length: {length}\r\nLink: </a>\r\n\r\n"
    upstream.script = respond_with(hints.encode() + OK)

    got = exchange(gateway.port, request())

    assert (got.status, [interim.status for interim in got.interim]) == (200, [103])
    assert got.interim[0].values(b"Content-Length") == []
    assert got.interim[0].values(b"Link") == [b"</a>"]


def test_early_hints_do_not_wait_for_the_final_response(gateway, upstream):
    released = threading.Event()

    def hint_first(connection, arrived):
        connection.send(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")
        released.wait(5)
        connection.send(OK)

    upstream.script = hint_first
    with Client(gateway.port) as client:
        client.send(request())
        assert client.read_until(b"\r\n\r\n").startswith(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n")
        released.set()
        assert client.read().status == 200


def test_http_1_0_client_gets_no_interim_response(gateway, upstream):
    upstream.script = respond_with(b"HTTP/1.1 103 Early Hints\r\n\r\n" + OK)

    got = exchange(gateway.port, b"GET / HTTP/1.0\r\n\r\n")

    assert (got.status, got.interim) == (200, [])


def test_body_is_sent_after_100_continue_of_the_upstream(streaming_gateway, upstream):
    def request_body(connection, arrived):
        connection.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        arrived.body = connection.read_exactly(5)
        connection.send(OK)

    upstream.on_head = request_body
    with Client(streaming_gateway.port) as client:
        client.send(request("POST", "/", "Expect: 100-continue", "Content-Length: 5"))
        assert client.read_until(b"\r\n\r\n").startswith(b"HTTP/1.1 100 Continue\r\n")
        client.send(b"hello")
        assert client.read().status == 200

    assert upstream.requests[0].values(b"Expect") == [b"100-continue"]
    assert upstream.requests[0].body == b"hello"


def test_rejected_body_is_not_requested_from_the_client(streaming_gateway, upstream):
    upstream.on_head = respond_with(b"HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n")

    with Client(streaming_gateway.port) as client:
        client.send(request("POST", "/", "Expect: 100-continue", "Content-Length: 5"))
        got = client.read()

    assert (got.status, got.interim) == (417, [])


def test_client_may_send_its_body_without_waiting_for_100_continue(gateway, upstream):
    exchange(gateway.port, request("POST", "/", "Expect: 100-continue", body=b"hello"))

    assert upstream.requests[0].body == b"hello"


def test_unrequested_101_is_502(gateway, upstream):
    upstream.script = respond_with(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n")

    assert exchange(gateway.port, request()).status == 502
