"""The request line, the target and the host of a request."""

import pytest

from http1.fields import MalformedError
from http1.head import RefusedError, parse_request


def request(line="GET / HTTP/1.1", *lines, host="Host: example.org"):
    return parse_request("\r\n".join([line, *([host] if host else []), *lines, "", ""]))


def test_method_target_and_version_are_not_normalized():
    head = request("PATCH /a%2F//b/../c?d=%20&e HTTP/1.1")

    assert (head.method, head.target, head.version) == ("PATCH", "/a%2F//b/../c?d=%20&e", (1, 1))
    assert head.path == "/a%2F//b/../c"


@pytest.mark.parametrize(
    "line",
    [
        "",
        "GET",
        "GET /",
        "GET  / HTTP/1.1",
        "GET / HTTP/1.1 ",
        " GET / HTTP/1.1",
        "GET / http/1.1",
        "GET / HTTP/1.10",
        "GET / HTTP/11",
        "GET /a b HTTP/1.1",
        "GET /a\tb HTTP/1.1",
        "GET /a\0b HTTP/1.1",
        "GET /a\x7fb HTTP/1.1",
        "GE[T / HTTP/1.1",
        "GÉT / HTTP/1.1",
        "\r\n\r\nGET / HTTP/1.1",
    ],
)
def test_malformed_line_is_refused(line):
    with pytest.raises(MalformedError, match="request line") as refusal:
        parse_request(f"{line}\r\nHost: a\r\n\r\n")

    assert refusal.value.status == 400


@pytest.mark.parametrize(
    "text",
    [
        "GET / HTTP/1.0",
        "GET / HTTP/1.0\r\n",
        "GET / HTTP/1.1\r\nHost: a",
        "GET / HTTP/1.1\r\nHost: a\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nXY",
        "GET / HTTP/1.1\r\nHost: a\n\n",
        "GET / HTTP/1.1\r\nHost: a\r\n\n",
    ],
)
def test_head_without_an_empty_line_at_its_end_is_refused(text):
    with pytest.raises(MalformedError):
        parse_request(text)


@pytest.mark.parametrize("version", ["0.9", "2.0", "3.0"])
def test_other_versions_are_refused_with_their_own_status(version):
    with pytest.raises(RefusedError) as refusal:
        request(f"GET / HTTP/{version}")

    assert refusal.value.status == 505


@pytest.mark.parametrize(
    ("target", "origin_form"),
    [
        ("http://other/a?b", "/a?b"),
        ("http://other", "/"),
        ("http://other?b", "/?b"),
        ("HTTPS://other/%2F//", "/%2F//"),
    ],
)
def test_absolute_form_becomes_origin_form_and_overrides_host(target, origin_form):
    head = request(f"GET {target} HTTP/1.1", "X: 1", host="Host: example.org")

    assert head.target == origin_form
    assert head.fields == [("Host", "other"), ("X", "1")]


@pytest.mark.parametrize("target", ["*", "http://other"])
def test_options_may_have_the_asterisk_form(target):
    assert request(f"OPTIONS {target} HTTP/1.1").target == "*"


@pytest.mark.parametrize("target", ["/", "http://other/", "other:443"])
def test_connect_is_refused(target):
    with pytest.raises(MalformedError, match="CONNECT"):
        request(f"CONNECT {target} HTTP/1.1")


@pytest.mark.parametrize(
    "target",
    [
        *(
            "*",
            "example.org:80",
            "a/b",
            "?a",
            "ftp://x/",
            "http://",
            "http:///a",
            "http://u@h/",
            "mailto:x@y",
        ),
        *("http://a/#b", 'http://a"b/', "http://a\\b/"),
    ],
)
def test_other_forms_are_refused(target):
    with pytest.raises(MalformedError, match="target"):
        request(f"GET {target} HTTP/1.1")


@pytest.mark.parametrize("host", ["a", "a:80", "a:", "[::1]:80", "[::1]", "[v1.a]", "a%20b", "", ":80"])
def test_any_valid_host_is_accepted(host):
    assert request(host=f"Host: {host}").fields == [("Host", host)]


@pytest.mark.parametrize(
    "host", ["a/b", "u@a", "a b", "a?b", "a#b", 'a"b', "a:b", "a:-1", "a:8:0", "::1", "[::1", "[]", "[::1]a", "a[b]"]
)
def test_malformed_host_is_refused(host):
    with pytest.raises(MalformedError, match="Host"):
        request(host=f"Host: {host}")


@pytest.mark.parametrize("hosts", [(), ("Host: a", "host: a")])
def test_exactly_one_host_is_required(hosts):
    with pytest.raises(MalformedError, match="exactly one Host"):
        request("GET / HTTP/1.1", *hosts, host=None)


def test_http_1_0_request_needs_no_host():
    assert request("GET / HTTP/1.0", host=None).fields == []
