import re

import pytest

from http1.refusal import refuse


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "malformed_request"),
        (408, "request_timeout"),
        (414, "target_too_long"),
        (431, "headers_too_large"),
        (500, "internal_error"),
        (501, "unknown_transfer_coding"),
        (505, "unknown_version"),
    ],
)
def test_refusal_is_rendered_and_closes_the_connection(ours, peer, status, code):
    rendered = []

    def render(*args):
        rendered.append(args)
        return "No", [("Content-Type", "text/plain")], b"refused"

    keeps_open = refuse(ours, status, "Why.", render)
    ours.close()

    assert keeps_open is False
    assert rendered == [(status, code, "Why.")]
    received, dates = re.subn(rb"Date: [A-Z][a-z]{2}, [0-9A-Za-z :]+ GMT\r\n", b"", peer.recv(1000))
    assert dates == 1
    assert received == (
        b"HTTP/1.1 %d No\r\nContent-Type: text/plain\r\nContent-Length: 7\r\nConnection: close\r\n\r\nrefused" % status
    )
