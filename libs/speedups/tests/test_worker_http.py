"""What the worker takes for a request, and how it writes answers."""

import json

import pytest
from client import ask, connect, receive
from server import Server

from chassis.request_body import MAX_BODY_BYTES

HOST = b"Host: localhost\r\n"


@pytest.fixture(scope="module")
def narrow(tmp_path_factory):
    """A server with low limits."""
    limits = ["--limit-request-line=100", "--limit-request-field_size=200", "--limit-request-fields=5"]
    server = Server(tmp_path_factory.mktemp("narrow"), *limits)
    try:
        yield server.wait()
    finally:
        server.stop()


def exchange(port, request):
    """Send bytes, and return all that comes until the server closes the connection."""
    with connect(port) as client:
        client.sendall(request)
        received = b""
        while data := client.recv(65536):
            received += data
    return received


def environ_of(port, fields):
    with connect(port) as client:
        client.sendall(b"GET /environ HTTP/1.1\r\n" + HOST + fields + b"\r\n")
        return json.loads(receive(client))


def test_chunked_body_has_a_length_for_the_application(port):
    with connect(port) as client:
        client.sendall(b"POST /echo/ HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n")
        client.sendall(b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")

        assert receive(client) == b"/echo/abcde"


def test_client_who_asks_is_told_to_go_on(port):
    with connect(port) as client:
        client.sendall(b"POST /echo/ HTTP/1.1\r\n" + HOST + b"Expect: 100-continue\r\nContent-Length: 3\r\n\r\n")
        assert client.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(b"abc")

        assert receive(client) == b"/echo/abc"


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
def test_what_is_no_request_is_refused_logged_and_ends_the_connection(narrow, request_bytes, status, code):
    before = len(narrow.log)

    head, _, body = exchange(narrow.port, request_bytes).partition(b"\r\n\r\n")

    assert head.startswith(b"HTTP/1.1 %d " % status)
    assert json.loads(body)["type"] == f"urn:problem:{code}"
    assert narrow.log[before:].count("request refused") == 1


@pytest.mark.parametrize("end", [b"X : y\r\n\r\n", b"X: " + b"y" * 400_000])
def test_refused_head_request_has_a_response_without_body(port, end):
    response = exchange(port, b"HEAD / HTTP/1.1\r\n" + HOST + end)

    assert response.startswith(b"HTTP/1.1 4")
    assert response.endswith(b"\r\n\r\n")


def test_empty_lines_before_it_do_not_make_the_request_line_longer(narrow):
    assert exchange(narrow.port, b"\r\nGET /" + b"x" * 100 + b" HTTP/1.1\r\n" + HOST + b"\r\n").startswith(
        b"HTTP/1.1 414 "
    )


def test_empty_line_after_a_body_is_none_of_the_next_request(port):
    with connect(port) as client:
        for _ in range(2):
            client.sendall(b"POST /echo/ HTTP/1.1\r\n" + HOST + b"Content-Length: 3\r\n\r\nabc\r\n")
            assert receive(client) == b"/echo/abc"


def test_body_that_does_not_come_to_its_end_never_reaches_the_application(port):
    with connect(port) as client:
        client.sendall(b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 5\r\n\r\nabc")
        client.shutdown(1)

        assert client.recv(1000) == b""


def test_too_large_body_is_not_read_where_its_length_is_given(port):
    answer = exchange(
        port, b"POST /length HTTP/1.1\r\n" + HOST + b"Content-Length: %d\r\n\r\nabc" % (MAX_BODY_BYTES + 1)
    )

    assert b"%d" % (MAX_BODY_BYTES + 1) in answer.partition(b"\r\n\r\n")[2]


def test_too_large_body_is_read_so_far_that_its_size_can_be_seen(port):
    size = MAX_BODY_BYTES + 40_000
    head = b"POST /length HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n"

    answer = exchange(port, head + b"%x\r\n" % size + b"x" * size + b"\r\n0\r\n\r\n")

    chunk = answer.partition(b"\r\n\r\n")[2].split(b"\r\n")[1]
    assert MAX_BODY_BYTES < int(chunk) <= size


@pytest.mark.parametrize("length", [b"Content-Length: %d\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n%x\r\n"])
def test_too_large_body_that_is_read_is_an_error_and_not_an_empty_one(port, new_log, length):
    size = MAX_BODY_BYTES + 1
    answer = exchange(port, b"POST /echo/ HTTP/1.1\r\n" + HOST + length % size + b"x" * size)

    assert answer.startswith(b"HTTP/1.1 500 ")
    assert "larger than the server accepts" in new_log()


def test_worker_may_receive_larger_bodies(start):
    size = MAX_BODY_BYTES + 1
    head = b"POST / HTTP/1.1\r\n" + HOST + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % size

    answer = exchange(start("--worker-class=application.RoomyWorker").port, head + b"x" * size)

    assert answer.endswith(b"\r\n\r\n/" + b"x" * size)


def test_fields_of_one_name_are_one_list(port):
    environ = environ_of(port, b"X-A: 1\r\nx-a: 2\r\nCookie: a=1\r\nCookie: b=2\r\nContent-Type: text/plain\r\n")

    assert (environ["HTTP_X_A"], environ["HTTP_COOKIE"]) == ("1,2", "a=1; b=2")
    assert environ["CONTENT_TYPE"] == "text/plain"


@pytest.mark.parametrize("others", [b"", b"X-A: 1\r\nX-A: 2\r\n"])
def test_field_that_could_pass_for_another_is_left_out(port, others):
    environ = environ_of(port, b"X_Forwarded_For: 10.0.0.1\r\n" + others)

    assert "HTTP_X_FORWARDED_FOR" not in environ


def test_path_is_decoded_and_the_target_is_there_as_it_came(port):
    with connect(port) as client:
        client.sendall(b"GET /%65nviron?a=%20 HTTP/1.1\r\n" + HOST + b"\r\n")
        environ = json.loads(receive(client))

    assert (environ["PATH_INFO"], environ["QUERY_STRING"]) == ("/environ", "a=%20")
    assert environ["RAW_URI"] == "/%65nviron?a=%20"
    assert environ["REMOTE_ADDR"] == "127.0.0.1"
    assert 0 < int(environ["REMOTE_PORT"]) < 65_536
    assert environ["SERVER_PORT"] == str(port)


def test_old_client_gets_the_answer_and_the_end_of_the_connection(port):
    assert exchange(port, b"GET /old HTTP/1.0\r\n\r\n").endswith(b"\r\n\r\n/old")


def test_head_has_no_body_and_keeps_the_connection(port):
    with connect(port) as client:
        client.sendall(b"HEAD /environ HTTP/1.1\r\n" + HOST + b"\r\n")
        assert client.recv(65536).endswith(b"\r\n\r\n")

        assert ask(client, "/next") == b"/next"


def test_tls_is_refused_at_the_start(tmp_path):
    server = Server(tmp_path, f"--certfile={__file__}")

    assert server.process.wait(20) != 0
    assert "TLS ends in front of the services" in server.log
