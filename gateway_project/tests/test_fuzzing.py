"""Any input is either rejected or forwarded as one unambiguous request; it never causes a 500 or a missing response."""

import os
import socket

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.client import Client, request

# Number of inputs: 3,000 requests, multiplied by a factor from the environment.
TIMES = int(os.environ.get("FUZZ_TIMES", "1"))
over_sockets = settings(
    max_examples=1_000 * TIMES, deadline=None, suppress_health_check=list(HealthCheck), derandomize=TIMES == 1
)

BYTES = [
    b"\r\n",
    b"\n",
    b"\r",
    b"\0",
    b" ",
    b"\t",
    b":",
    b",",
    b";",
    b"\x0b",
    b"\x7f",
    b"\x80",
    b"\xff",
    b"0",
    b"5",
    b"ff",
    b"chunked",
]
NAMES = [
    b"Host",
    b"Content-Length",
    b"Transfer-Encoding",
    b"Connection",
    b"Expect",
    b"TE",
    b"Trailer",
    b"Upgrade",
    b"X",
]
VALUES = [
    b"example.org",
    b"5",
    b"0",
    b"-1",
    b"chunked",
    b"close",
    b"keep-alive",
    b"100-continue",
    b"trailers",
    b"identity",
    b"",
]
LINES = [
    b"GET / HTTP/1.1",
    b"POST /a HTTP/1.1",
    b"PUT /?x HTTP/1.0",
    b"OPTIONS * HTTP/1.1",
    b"GET http://h/ HTTP/1.1",
    b"CONNECT h:1 HTTP/1.1",
]

junk = st.lists(st.one_of(st.sampled_from(BYTES), st.binary(max_size=6)), max_size=6).map(b"".join)
field = st.tuples(st.one_of(st.sampled_from(NAMES), junk), st.one_of(st.sampled_from(VALUES), junk)).map(b": ".join)
body = st.one_of(st.just(b""), st.just(b"hello"), st.just(b"5\r\nhello\r\n0\r\n\r\n"), junk)
heads = st.tuples(
    st.one_of(st.sampled_from(LINES), junk),
    st.lists(field, max_size=6).map(b"\r\n".join),
    st.sampled_from([b"\r\n\r\n", b"\n\n", b""]),
).map(lambda parts: parts[0] + b"\r\n" + parts[1] + parts[2])
messages = st.tuples(heads, body).map(b"".join)


@st.composite
def mutated(draw):
    """Return a valid request with some bytes replaced, removed or duplicated."""
    data = draw(st.sampled_from([request(), request("POST", "/a?b", body=b"hello"), CHUNKED_REQUEST]))
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(data)))
        data = data[:at] + draw(junk) + data[at + draw(st.integers(0, 4)) :]
    return data


CHUNKED_REQUEST = request("POST", "/", "Transfer-Encoding: chunked") + b"5\r\nhello\r\n0\r\nX: y\r\n\r\n"


@pytest.fixture(scope="module", autouse=True)
def upstream_that_responds(session_upstream):
    session_upstream.reset()


def check(gateway, upstream, data):
    """Send only ``data``; check that all responses are well-formed and none is a 500."""
    with Client(gateway.port) as client:
        try:
            client.send(data)
            client.socket.shutdown(socket.SHUT_WR)
        except OSError:  # rejected before everything was sent
            return
        while client.buffer or client.receive():
            answer = client.read()
            assert answer.status < 500 or answer.status in (501, 502, 504, 505), data
    for arrived in upstream.requests:
        assert arrived.line.endswith(b" HTTP/1.1")
        assert len(arrived.values(b"Host")) == 1
        assert len(arrived.values(b"Content-Length")) + len(arrived.values(b"Transfer-Encoding")) <= 1
    upstream.requests.clear()


@over_sockets
@given(data=messages)
def test_random_combinations_of_request_parts(session_gateway, session_upstream, data):
    check(session_gateway, session_upstream, data)


@over_sockets
@given(data=mutated())
def test_mutated_requests(session_gateway, session_upstream, data):
    check(session_gateway, session_upstream, data)


@over_sockets
@given(data=st.binary(min_size=1, max_size=200))
def test_random_bytes(session_gateway, session_upstream, data):
    check(session_gateway, session_upstream, data)
