"""The length of a request's body (RFC 9112, section 6.3)."""

import pytest

from http1.fields import MalformedError
from http1.head import CHUNKED, RefusedError, parse_request


def length(*lines, version="1.1"):
    return parse_request("\r\n".join([f"POST / HTTP/{version}", "Host: example.org", *lines, "", ""])).length


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([], 0),
        (["Content-Length: 0"], 0),
        (["Content-Length: 5"], 5),
        (["Content-Length: 005"], 5),
        (["Content-Length: " + "9" * 18], 10**18 - 1),
        (["Transfer-Encoding: chunked"], CHUNKED),
        (["transfer-encoding: CHUNKED"], CHUNKED),
        (["X-Content-Length: 5", "Content_Length: 5"], 0),
    ],
)
def test_length_is_taken_from_the_fields(lines, expected):
    assert length(*lines) == expected


@pytest.mark.parametrize(
    "lines",
    [
        ["Content-Length: 5", "Content-Length: 5"],
        ["Content-Length: 5", "Content-Length: 6"],
        ["Content-Length: 5, 5"],
        ["Content-Length: +5"],
        ["Content-Length: -1"],
        ["Content-Length: 0x5"],
        ["Content-Length: 5_0"],
        ["Content-Length: 5 0"],
        ["Content-Length:"],
        ["Content-Length: ²"],
        ["Content-Length: " + "9" * 19],
        ["Content-Length: 5", "Transfer-Encoding: chunked"],
        ["Transfer-Encoding: chunked", "Content-Length: 5"],
        ["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"],
    ],
)
def test_ambiguous_or_malformed_length_is_refused(lines):
    with pytest.raises(MalformedError) as refusal:
        length(*lines)

    assert refusal.value.status == 400


def test_chunked_http_1_0_request_is_refused():
    with pytest.raises(MalformedError, match="ambiguous"):
        length("Transfer-Encoding: chunked", version="1.0")


@pytest.mark.parametrize(
    "coding",
    [
        "gzip",
        "identity",
        "xchunked",
        "chunked, identity",
        "gzip, chunked",
        '"chunked"',
        "chunked;a=b",
        "",
    ],
)
def test_other_transfer_codings_are_refused_with_501(coding):
    with pytest.raises(RefusedError) as refusal:
        length(f"Transfer-Encoding: {coding}")

    assert refusal.value.status == 501
