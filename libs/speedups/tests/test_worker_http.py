"""HTTP/1.1 of the worker: accepted and refused requests, bodies and responses."""

import json

import pytest
from client import connect, receive
from server import Server

from chassis.request_body import MAX_BODY_BYTES

HOST = b"Host: localhost\r\n"


@pytest.fixture(scope="module")
def limited(tmp_path_factory):
    """A server with low limits."""
    limits = ["--limit-request-line=100", "--limit-request-field_size=200", "--limit-request-fields=5"]
    server = Server(tmp_path_factory.mktemp("limited"), *limits)
    try:
        yield server.wait()
    finally:
        server.stop()


def exchange(port, request):
    """Send ``request``; return all received bytes until the server closes the connection."""
    with connect(port) as client:
        client.sendall(request)
        received = b""
        while data := client.recv(65536):
            received += data
    return received


@pytest.mark.parametrize(
    ("request_bytes", "status", "code"),
    [
        (b"GET /\r\n\r\n", 400, "malformed_request"),
        (b"GET / HTTP/1.1\r\n\r\n", 400, "malformed_request"),  # no Host
        (b"GET / HTTP/2.0\r\n" + HOST + b"\r\n", 505, "unknown_version"),
        (b"GET / HTTP/1.1\r\n" + HOST + b"X : y\r\n\r\n", 400, "malformed_request"),
        (
            b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n",
            400,
            "malformed_request",
        ),
        (
            b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\nx\r\n",
            400,
            "malformed_request",
        ),
        (b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: gzip\r\n\r\n", 501, "unknown_transfer_coding"),
        (b"GET /" + b"x" * 100 + b" HTTP/1.1\r\n" + HOST + b"\r\n", 414, "target_too_long"),
        (b"GET / HTTP/1.1\r\n" + HOST + b"X: " + b"y" * 200 + b"\r\n\r\n", 431, "headers_too_large"),
        (b"GET / HTTP/1.1\r\n" + HOST + b"X: y\r\n" * 5 + b"\r\n", 431, "headers_too_large"),
        (b"GET / HTTP/1.1\r\n" + HOST + b"X: y\r\n" * 50_000, 431, "headers_too_large"),
    ],
)
def test_malformed_request_is_refused_and_logged_and_the_connection_closed(limited, request_bytes, status, code):
    before = len(limited.log)

    head, _, body = exchange(limited.port, request_bytes).partition(b"\r\n\r\n")

    assert head.startswith(b"HTTP/1.1 %d " % status)
    assert json.loads(body)["type"] == f"urn:problem:{code}"
    assert limited.log[before:].count("request refused") == 1


@pytest.mark.parametrize("end", [b"X : y\r\n\r\n", b"X: " + b"y" * 400_000])
def test_refusal_of_a_head_request_has_no_body(port, end):
    response = exchange(port, b"HEAD / HTTP/1.1\r\n" + HOST + end)

    assert response.startswith(b"HTTP/1.1 4")
    assert response.endswith(b"\r\n\r\n")


def test_incomplete_body_never_reaches_the_application(port):
    with connect(port) as client:
        client.sendall(b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 5\r\n\r\nabc")
        client.shutdown(1)

        assert client.recv(1000) == b""


@pytest.mark.parametrize("length", [b"Content-Length: %d\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n%x\r\n"])
def test_reading_a_too_large_body_is_an_error(port, new_log, length):
    size = MAX_BODY_BYTES + 1
    response = exchange(port, b"POST /echo/ HTTP/1.1\r\n" + HOST + length % size + b"x" * size)

    assert response.startswith(b"HTTP/1.1 500 ")
    assert "larger than the server accepts" in new_log()


def test_limit_of_bodies_can_be_raised(start):
    size = MAX_BODY_BYTES + 1
    head = b"POST / HTTP/1.1\r\n" + HOST + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % size

    response = exchange(start("--worker-class=application.RoomyWorker").port, head + b"x" * size)

    assert response.endswith(b"\r\n\r\n/" + b"x" * size)


def test_path_is_decoded_and_raw_uri_is_not(port):
    with connect(port) as client:
        client.sendall(b"GET /%65nviron?a=%20 HTTP/1.1\r\n" + HOST + b"\r\n")
        environ = json.loads(receive(client))

    assert (environ["PATH_INFO"], environ["QUERY_STRING"]) == ("/environ", "a=%20")
    assert environ["RAW_URI"] == "/%65nviron?a=%20"
    assert environ["REMOTE_ADDR"] == "127.0.0.1"
    assert 0 < int(environ["REMOTE_PORT"]) < 65_536
    assert environ["SERVER_PORT"] == str(port)


def test_tls_is_refused_at_startup(tmp_path):
    server = Server(tmp_path, f"--certfile={__file__}")

    assert server.process.wait(20) != 0
    assert "TLS is not supported" in server.log
