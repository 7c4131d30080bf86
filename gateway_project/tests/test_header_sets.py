"""Header fields are forwarded byte for byte, in order and on separate lines, in both directions."""

from pathlib import Path

import pytest

from tests.client import Client, request
from tests.upstream import respond_with

CORPUS = Path(__file__).parent / "corpus"
SINGLE = [
    *(CORPUS / "header_fields.txt").read_text("latin-1").splitlines(),
    "X-Space: ",
    "X-Long: " + "a" * 8000,
    "X-" + "Long" * 100 + ": 1",
]
SEVERAL = [
    ["X: 1", "X: 2"],
    ["X: 2", "x: 1", "X: 2"],
    ["A: 1", "B: 2", "A: 3"],
    ["Cookie: a=1", "Cookie: b=2"],
    ["Via: 1.0 a", "Via: 1.1 b"],
    ["Accept: a/b", "Accept: c/d"],
    ["X:", "X:", "X: "],
    ["Cache-Control: no-cache", "Cache-Control: max-age=0"],
    [f"X-{number}: {number}" for number in range(90)],
    ["X: " + "v" * number for number in range(60)],
]
SETS = [*([line] for line in SINGLE), *SEVERAL]
ADDED = {b"via", b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host", b"x-request-id"}


def pairs(lines):
    parts = (line.encode("latin-1").split(b":", 1) for line in lines)
    return [(name, value.strip(b" ")) for name, value in parts]


def test_number_of_header_sets():
    assert len(SETS) >= 100


# Removed from requests of untrusted clients (test_headers.py).
NOT_IN_REQUESTS = ("X-Real-IP", "Forwarded")


@pytest.mark.parametrize("number", range(0, len(SETS), 15))
def test_header_fields_of_requests_are_forwarded_unchanged(gateway, upstream, number):
    sets = [lines for lines in SETS[number : number + 15] if not lines[0].startswith(NOT_IN_REQUESTS)]

    with Client(gateway.port) as client:
        for lines in sets:
            client.send(request("GET", "/", *lines))
            assert client.read().status == 200, lines

    for lines, arrived in zip(sets, upstream.requests, strict=True):
        sent = [(b"Host", b"example.org"), *pairs(lines)]
        assert arrived.fields[: len(sent)] == sent
        assert {name.lower() for name, _ in arrived.fields[len(sent) :]} == ADDED


# These fields change the meaning or the framing of a response.
NOT_IN_RESPONSES = ("Content-Length", "Trailer", "Date")


@pytest.mark.parametrize("number", range(0, len(SETS), 15))
def test_header_fields_of_responses_are_forwarded_unchanged(gateway, upstream, number):
    sets = [lines for lines in SETS[number : number + 15] if not lines[0].startswith(NOT_IN_RESPONSES)]

    with Client(gateway.port) as client:
        for lines in sets:
            head = "\r\n".join(["HTTP/1.1 200 OK", "Date: now", *lines, "Content-Length: 0", "", ""])
            upstream.script = respond_with(head.encode("latin-1"))
            client.send(request())
            got = client.read()

            sent = [(b"Date", b"now"), *pairs(lines), (b"Content-Length", b"0")]
            assert got.fields[: len(sent)] == sent
            assert [name for name, _ in got.fields[len(sent) :]] == [b"Via", b"X-Request-ID"]
