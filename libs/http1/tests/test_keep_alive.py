"""Persistent connections (RFC 9112, section 9.3)."""

import pytest

from http1.head import parse_request, parse_response


@pytest.mark.parametrize(
    ("version", "lines", "keeps"),
    [
        ("1.1", [], True),
        ("1.1", ["Connection: Close"], False),
        ("1.1", ["Connection: keep-alive, close"], False),
        ("1.0", [], False),
        ("1.0", ["Connection: X, Keep-Alive"], True),
        ("1.0", ["Connection: close", "Connection: keep-alive"], False),
    ],
)
def test_keep_alive_depends_on_version_and_connection_options(version, lines, keeps):
    assert parse_request("\r\n".join([f"GET / HTTP/{version}", "Host: a", *lines, "", ""])).keeps_alive is keeps
    assert parse_response("\r\n".join([f"HTTP/{version} 200 OK", *lines, "", ""])).keeps_alive is keeps
