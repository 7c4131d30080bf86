"""Fuzzing: any head is parsed or refused with MalformedError, and parsed fields contain no unsafe character."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.generated import generated
from http1.fields import MalformedError
from http1.head import CHUNKED, parse_request, parse_response, response_length

fuzzed = settings(generated, derandomize=True)

PIECES = [
    "\r\n",
    "\n",
    "\r",
    "\0",
    " ",
    "\t",
    ":",
    ",",
    ";",
    "\x0b",
    "\x7f",
    "\x80",
    "\xff",
    "0",
    "5",
    "chunked",
]
NAMES = [
    "Host",
    "Content-Length",
    "Transfer-Encoding",
    "Connection",
    "Expect",
    "TE",
    "Trailer",
    "Upgrade",
    "X",
]
VALUES = [
    "example.org",
    "5",
    "0",
    "-1",
    "chunked",
    "close",
    "keep-alive",
    "100-continue",
    "trailers",
    "identity",
    "",
]
REQUEST_LINES = [
    *("GET / HTTP/1.1", "POST /a HTTP/1.1", "PUT /?x HTTP/1.0"),
    *("OPTIONS * HTTP/1.1", "GET http://h/ HTTP/1.1"),
]
STATUS_LINES = ["HTTP/1.1 200 OK", "HTTP/1.0 304", "HTTP/1.1 99 x"]

latin_1 = st.characters(max_codepoint=255)
junk = st.lists(st.one_of(st.sampled_from(PIECES), st.text(latin_1, max_size=6)), max_size=6).map("".join)
lines = st.tuples(st.one_of(st.sampled_from(NAMES), junk), st.one_of(st.sampled_from(VALUES), junk)).map(": ".join)


def heads(start_lines):
    """Generate heads that begin with one of ``start_lines`` or with junk."""
    return st.tuples(
        st.one_of(st.sampled_from(start_lines), junk),
        st.lists(lines, max_size=6).map("\r\n".join),
        st.sampled_from(["\r\n\r\n", "\n\n", ""]),
    ).map(lambda parts: parts[0] + "\r\n" + parts[1] + parts[2])


@fuzzed
@given(text=heads(REQUEST_LINES))
def test_request_head_is_parsed_or_refused(text):
    try:
        head = parse_request(text)
    except MalformedError:
        return
    assert head.length is CHUNKED or head.length >= 0
    assert re.fullmatch(r"/[^\x00-\x20\x7f]*|\*", head.target)
    assert_clean(head.fields)


@fuzzed
@given(text=heads(STATUS_LINES))
def test_response_head_is_parsed_or_refused(text):
    try:
        head = parse_response(text)
        response_length(head, "GET")
    except MalformedError:
        return
    assert 100 <= head.status <= 999
    assert_clean(head.fields)


def assert_clean(fields):
    """Assert that formatted fields cannot be parsed differently (no injection of lines)."""
    assert not [pair for pair in fields if re.search(r"[\r\n\0]", "".join(pair))]
