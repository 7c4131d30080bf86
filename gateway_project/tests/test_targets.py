"""Request targets are forwarded byte for byte."""

from pathlib import Path

import pytest

from tests.client import Client, exchange, request

CORPUS = Path(__file__).parent / "corpus"
PLAIN = (CORPUS / "targets.txt").read_text("latin-1").splitlines()
METHODS = (CORPUS / "methods.txt").read_text().splitlines()
LONG = ["/a" * 80, "/" + "a" * 2000, "/?" + "a=b&" * 500, "/" + "%41" * 500, "/a?" + "?" * 200, "/" * 200]
# Every printable character that is allowed in a target, in the path and in the query.
SINGLE = [f"/x{chr(code)}y?x{chr(code)}y" for code in range(0x21, 0x7F)]
TARGETS = [*dict.fromkeys([*PLAIN, *LONG, *SINGLE])]


def test_number_of_targets():
    assert len(TARGETS) >= 200


@pytest.mark.parametrize("number", range(0, len(TARGETS), 20))
def test_targets_are_forwarded_unchanged(gateway, upstream, number):
    targets = TARGETS[number : number + 20]

    with Client(gateway.port) as client:
        for target in targets:
            client.send(request("GET", target))
            assert client.read().status == 200

    assert [arrived.target for arrived in upstream.requests] == [target.encode("latin-1") for target in targets]


@pytest.mark.parametrize(
    ("target", "arrives"),
    [
        ("http://other.example/a?b", b"/a?b"),
        ("http://other.example", b"/"),
        ("http://other.example?b", b"/?b"),
        ("HTTP://other.example/%2F//", b"/%2F//"),
        ("https://other.example/a", b"/a"),
    ],
)
def test_absolute_target_is_forwarded_as_path_and_host(gateway, upstream, target, arrives):
    exchange(gateway.port, request("GET", target, host="first.example"))

    (arrived,) = upstream.requests
    assert arrived.target == arrives
    assert arrived.values(b"Host") == [b"other.example"]


def test_options_asterisk_is_forwarded(gateway, upstream):
    exchange(gateway.port, request("OPTIONS", "*"))

    assert upstream.requests[0].line == b"OPTIONS * HTTP/1.1"


@pytest.mark.parametrize(
    "target",
    ["*", "example.org:80", "a/b", "?a", "ftp://x/", "http://", "http://u@h/", "/a#b c", "mailto:x@y"],
)
def test_other_target_forms_are_rejected(gateway, upstream, target):
    got = exchange(gateway.port, request("GET", target))

    assert got.status == 400
    assert upstream.requests == []


def test_every_method_is_forwarded(gateway, upstream):
    for method in METHODS:
        assert exchange(gateway.port, request(method, "/")).status == 200

    assert [arrived.line.split(b" ")[0].decode() for arrived in upstream.requests] == METHODS
