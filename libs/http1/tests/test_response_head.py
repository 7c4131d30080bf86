"""The head of a response and the length of its body."""

import pytest

from http1.fields import MalformedError
from http1.head import CHUNKED, UNTIL_CLOSE, parse_response, response_length


def response(*lines, line="HTTP/1.1 200 OK"):
    return parse_response("\r\n".join([line, *lines, "", ""]))


def test_head_is_not_normalized():
    head = response("Set-Cookie: a=1", "set-cookie: b=2", line="HTTP/1.0 404 Not  Here é")

    assert (head.version, head.status, head.reason) == ((1, 0), 404, "Not  Here é")
    assert head.fields == [("Set-Cookie", "a=1"), ("set-cookie", "b=2")]


@pytest.mark.parametrize("line", ["HTTP/1.1 200", "HTTP/1.1 200 "])
def test_reason_may_be_empty(line):
    assert response(line=line).reason == ""


@pytest.mark.parametrize(
    "text",
    [
        "HTTP/1.1 200 OK\nX: 1\nY: 2\n\n",
        "HTTP/1.1 200 OK\r\nX : 1\r\nY: 2\r\n\r\n",
        "HTTP/1.1 200 OK\nX:\r\n 1\nY: 2\n\n",
    ],
)
def test_repairable_head_is_repaired(text):
    assert parse_response(text).fields == [("X", "1"), ("Y", "2")]


@pytest.mark.parametrize(
    "line",
    [
        *(
            "",
            "SSH-2.0-OpenSSH",
            "HTTP/2.0 200 OK",
            "HTTP/1.1  200 OK",
            "HTTP/1.1 20 OK",
            "HTTP/1.1 099 OK",
        ),
        *(
            "HTTP/1.1 2000 OK",
            "HTTP/1.1 200OK",
            "http/1.1 200 OK",
            "HTTP/1.1 200 a\0b",
            "HTTP/1.1 200 a\x7fb",
        ),
    ],
)
def test_malformed_status_line_is_refused(line):
    with pytest.raises(MalformedError, match="status line"):
        response(line=line)


@pytest.mark.parametrize("line", ["X", "X: a\0b", "X: a\rb", "X Y: 1"])
def test_malformed_section_is_refused(line):
    with pytest.raises(MalformedError, match="header field"):
        response(line)


@pytest.mark.parametrize(
    ("lines", "length"),
    [
        ([], UNTIL_CLOSE),
        (["Content-Length: 5"], 5),
        (["Content-Length: 5", "Content-Length: 5"], 5),
        (["Content-Length: 5, 5"], 5),
        (["Transfer-Encoding: Chunked"], CHUNKED),
    ],
)
def test_length_is_taken_from_the_fields(lines, length):
    assert response_length(response(*lines), "GET") == length


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 204), ("GET", 304), ("GET", 100), ("GET", 103)])
def test_length_is_zero_for_responses_without_a_body(method, status):
    head = response("Content-Length: 5", "Transfer-Encoding: chunked", line=f"HTTP/1.1 {status} X")

    assert response_length(head, method) == 0


@pytest.mark.parametrize(
    "lines",
    [
        ["Content-Length: 5, 6"],
        ["Content-Length: 5", "Content-Length: 6"],
        ["Content-Length: x"],
        ["Content-Length: -1"],
        ["Content-Length: 5", "Transfer-Encoding: chunked"],
        ["Transfer-Encoding: gzip"],
        ["Transfer-Encoding: gzip, chunked"],
        ["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"],
    ],
)
def test_ambiguous_or_malformed_length_is_refused(lines):
    with pytest.raises(MalformedError):
        response_length(response(*lines), "GET")
