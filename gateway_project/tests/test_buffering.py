"""A body is received whole before the upstream is asked, unless its route streams."""

import contextlib
import json
import os
import time
from pathlib import Path

import pytest

from tests.client import Client, exchange, request
from tests.process import configuration

CHUNKED = "Transfer-Encoding: chunked"
BODY = os.urandom(100_000)
FRAMED = b"".join(b"%x\r\n%b\r\n" % (1000, BODY[at : at + 1000]) for at in range(0, len(BODY), 1000))
STALLED = {
    "small": request("POST", "/", "Content-Length: 1000") + BODY[:999],
    "large": request("POST", "/", f"Content-Length: {len(BODY)}") + BODY[:-1],
    "chunked": request("POST", "/", CHUNKED) + FRAMED,
}
REST = {"small": BODY[999:1000], "large": BODY[-1:], "chunked": b"0\r\n\r\n"}


def impatient(upstream, route=""):
    """Settings of a gateway that gives clients two seconds, and an upstream no failure."""
    settings = configuration(upstream.url, route=route, upstream="breaker_failures = 1")
    return {"configuration": settings, "GUNICORN_CMD_ARGS": "--timeout=2"}


def circuit(gateway):
    return json.loads(exchange(gateway.port, request(target="/health")).body)["upstreams"]["any"]["circuit"]


@pytest.mark.parametrize("name", STALLED)
def test_a_stalled_body_does_not_reach_the_upstream(gateway, upstream, name):
    with Client(gateway.port) as client:
        client.send(STALLED[name])
        time.sleep(0.3)
        assert upstream.connections == []
        client.send(REST[name])
        assert client.read().status == 200

    assert len(upstream.requests) == 1


def test_the_gateway_itself_asks_for_a_body_that_the_client_holds_back(gateway, upstream):
    with Client(gateway.port) as client:
        client.send(request("POST", "/", "Expect: 100-continue", f"Content-Length: {len(BODY)}"))
        assert client.read_until(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        assert upstream.connections == []
        client.send(BODY)
        got = client.read()

    assert (got.status, got.interim) == (200, [])
    (arrived,) = upstream.requests
    assert (arrived.values(b"Expect"), arrived.body) == ([], BODY)


def test_an_old_client_is_not_asked(gateway, upstream):
    head = b"POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"

    assert exchange(gateway.port, head + b"hello").interim == []


@pytest.mark.parametrize("name", STALLED)
@pytest.mark.parametrize("route", ["", "request_buffering = false"])
def test_a_client_that_stalls_is_too_slow_which_is_no_failure_of_the_upstream(share, upstream, name, route):
    gateway = share(**impatient(upstream, route))
    with Client(gateway.port) as client:
        client.send(STALLED[name])
        got = client.read()
        assert client.is_closed()

    assert (got.status, json.loads(got.body)["type"]) == (408, "urn:problem:request_timeout")
    assert circuit(gateway) == "closed"


@pytest.mark.parametrize("head", [CHUNKED, "Content-Length: 1000"])
def test_a_body_of_which_single_bytes_arrive_is_too_slow(share, upstream, head):
    with Client(share(**impatient(upstream)).port) as client:
        client.send(request("POST", "/", head))
        for _ in range(8):  # which is longer than the two seconds, without a pause that is
            time.sleep(0.4)
            with contextlib.suppress(OSError):
                client.send(b"1\r\nx\r\n" if head == CHUNKED else b"x")
        got = client.read()

    assert got.status == 408
    assert upstream.connections == []


def test_a_slow_body_that_goes_on_is_forwarded(share, upstream):
    with Client(share(**impatient(upstream)).port) as client:
        client.send(request("POST", "/", "Content-Length: 6000"))
        for _ in range(6):
            time.sleep(0.4)
            client.send(bytes(1000))
        assert client.read().status == 200


@pytest.mark.parametrize(("patience", "status", "state"), [(1.3, 408, "closed"), (0.1, 502, "open")])
def test_an_upstream_that_gives_a_streamed_request_up_fails_unless_the_client_stalls(
    start, upstream, patience, status, state
):
    def give_up(connection, arrived):
        time.sleep(patience)  # read_timeout is one second
        connection.close()

    gateway = start(**impatient(upstream, "request_buffering = false"))
    upstream.on_head = give_up
    with Client(gateway.port) as client:
        client.send(STALLED["large"])
        got = client.read()

    assert (got.status, circuit(gateway)) == (status, state)


def has_files(number, folder, gateway):
    """Wait until the gateway's process has so many open files in ``folder``, those without a name included."""
    (worker,) = gateway.workers()
    for _ in range(100):
        with contextlib.suppress(FileNotFoundError):  # it was closed just now
            targets = [descriptor.readlink() for descriptor in Path(f"/proc/{worker}/fd").iterdir()]
            if len([target for target in targets if target.is_relative_to(folder)]) == number:
                return True
        time.sleep(0.05)
    return False


def test_a_large_body_lies_in_a_file_without_a_name_until_it_was_sent(start, upstream, tmp_path):
    folder = tmp_path / "bodies"
    folder.mkdir()
    gateway = start(configuration(upstream.url), FILE_UPLOAD_TEMP_DIR=str(folder))
    with Client(gateway.port) as client:
        client.send(STALLED["large"])
        assert has_files(1, folder, gateway)
        assert list(folder.iterdir()) == []
        client.send(REST["large"])
        assert client.read().status == 200

    assert has_files(0, folder, gateway)
    assert upstream.requests[0].body == BODY


@pytest.mark.parametrize("end", ["client", "circuit"])
def test_its_file_is_closed_when_it_is_not_sent(start, upstream, tmp_path, end):
    folder = tmp_path / "bodies"
    folder.mkdir()
    settings = configuration(upstream.url, upstream="breaker_failures = 1")
    gateway = start(settings, FILE_UPLOAD_TEMP_DIR=str(folder))
    if end == "circuit":
        upstream.script = lambda connection, arrived: connection.close()
        assert exchange(gateway.port, request("POST")).status == 502
        assert exchange(gateway.port, request("POST", "/", body=BODY)).status == 503
    else:
        with Client(gateway.port) as client:
            client.send(STALLED["large"])
            assert has_files(1, folder, gateway)

    assert has_files(0, folder, gateway)


def test_a_body_for_which_there_is_no_room_is_refused(start, upstream, tmp_path):
    gateway = start(configuration(upstream.url), FILE_UPLOAD_TEMP_DIR=str(tmp_path / "nowhere"))

    refused = exchange(gateway.port, request("POST", "/", body=BODY))

    assert (refused.status, refused.value(b"Retry-After")) == (503, b"1")
    assert json.loads(refused.body)["type"] == "urn:problem:request_buffer_full"
    assert "No such file or directory" in gateway.log
    assert upstream.requests == []
    assert exchange(gateway.port, request("POST", "/", body=BODY[:65536])).status == 200


def test_an_early_answer_leaves_the_rest_of_a_buffered_body(gateway, upstream):
    upstream.on_head = lambda connection, arrived: connection.send(b"HTTP/1.1 401 No\r\nContent-Length: 2\r\n\r\nno")
    with Client(gateway.port) as client:
        client.send(request("POST", "/", body=bytes(20_000_000)))
        assert client.read().status == 401
        upstream.reset()
        client.send(request())
        assert client.read().status == 200
