"""A request body is received completely before it is forwarded, unless its route streams."""

import contextlib
import itertools
import json
import os
import socket
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.client import Client, exchange, request
from tests.process import configuration, started
from tests.upstream import respond_with

CHUNKED = "Transfer-Encoding: chunked"
BODY = os.urandom(100_000)
FRAMED = b"".join(b"%x\r\n%b\r\n" % (1000, BODY[at : at + 1000]) for at in range(0, len(BODY), 1000))
STALLED = {
    "small": ("Content-Length: 1000", BODY[:999]),
    "large": (f"Content-Length: {len(BODY)}", BODY[:-1]),
    "chunked": (CHUNKED, FRAMED),
}
REST = {"small": BODY[999:1000], "large": BODY[-1:], "chunked": b"0\r\n\r\n"}


STREAMING = ("streaming", "patient", "impatient", "short")
ROUTES = {"buffering": "", **dict.fromkeys(STREAMING, "request_buffering = false")}
UPSTREAMS = {"short": "total_timeout = 0.7\n"}


def stalled(name, target="/"):
    """Return an incomplete request."""
    field, content = STALLED[name]
    return request("POST", target, field) + content


@pytest.fixture(scope="module")
def gateway_of_module(session_upstream, tmp_path_factory):
    settings = [
        configuration(
            session_upstream.url, name=name, route=route, upstream=UPSTREAMS.get(name, "") + "breaker_failures = 1"
        )
        for name, route in ROUTES.items()
    ]
    folder = tmp_path_factory.mktemp("gateway")
    with started(folder, "".join(settings), GUNICORN_CMD_ARGS="--timeout=2") as gateway:
        yield gateway


@pytest.fixture
def impatient(gateway_of_module, upstream):
    """A gateway with ``ROUTES`` and a timeout of two seconds for clients; one failure opens a circuit."""
    return gateway_of_module


def circuit(gateway, name):
    return json.loads(exchange(gateway.port, request(target="/health")).body)["upstreams"][name]["circuit"]


@pytest.mark.parametrize("name", STALLED)
def test_stalled_body_does_not_reach_the_upstream(gateway, upstream, name):
    with Client(gateway.port) as client:
        client.send(stalled(name))
        time.sleep(0.3)
        assert upstream.connections == []
        client.send(REST[name])
        assert client.read().status == 200

    assert len(upstream.requests) == 1


def test_gateway_itself_sends_100_continue(gateway, upstream):
    with Client(gateway.port) as client:
        client.send(request("POST", "/", "Expect: 100-continue", f"Content-Length: {len(BODY)}"))
        assert client.read_until(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        assert upstream.connections == []
        client.send(BODY)
        got = client.read()

    assert (got.status, got.interim) == (200, [])
    (arrived,) = upstream.requests
    assert (arrived.values(b"Expect"), arrived.body) == ([], BODY)


def test_http_1_0_client_gets_no_100_continue(gateway, upstream):
    head = b"POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"

    assert exchange(gateway.port, head + b"hello").interim == []


def test_stalled_client_gets_408_and_the_circuit_stays_closed(impatient):
    with ExitStack() as stack:
        clients = {}
        for route, name in itertools.product(("buffering", "streaming"), STALLED):
            clients[route, name] = stack.enter_context(Client(impatient.port))
            clients[route, name].send(stalled(name, f"/{route}"))
        responses = {case: client.read() for case, client in clients.items()}
        assert {case: client.is_closed() for case, client in clients.items()} == dict.fromkeys(clients, True)

    found = {case: (got.status, json.loads(got.body)["type"]) for case, got in responses.items()}
    assert found == dict.fromkeys(clients, (408, "urn:problem:request_timeout"))
    assert all(got.values(b"Connection") == [b"close"] for got in responses.values())
    assert [circuit(impatient, route) for route in ("buffering", "streaming")] == ["closed", "closed"]


def test_body_that_arrives_in_single_bytes_times_out(impatient, upstream):
    with Client(impatient.port) as chunked, Client(impatient.port) as whole:
        chunked.send(request("POST", "/buffering", CHUNKED))
        whole.send(request("POST", "/buffering", "Content-Length: 1000"))
        for _ in range(8):  # longer than the timeout, in short pauses
            time.sleep(0.4)
            for client, piece in ((chunked, b"1\r\nx\r\n"), (whole, b"x")):
                with contextlib.suppress(OSError):
                    client.send(piece)
        statuses = [client.read().status for client in (chunked, whole)]

    assert statuses == [408, 408]
    assert upstream.connections == []


def test_slow_but_steady_body_is_forwarded(impatient):
    with Client(impatient.port) as client:
        client.send(request("POST", "/buffering", "Content-Length: 6000"))
        for _ in range(6):
            time.sleep(0.4)
            client.send(bytes(1000))
        assert client.read().status == 200


@pytest.mark.parametrize(
    ("route", "patience", "status", "state"), [("patient", 1.3, 408, "closed"), ("impatient", 0.1, 502, "open")]
)
def test_upstream_that_closes_during_an_upload_fails_unless_the_client_stalls(
    impatient, upstream, route, patience, status, state
):
    def give_up(connection, arrived):
        time.sleep(patience)  # read_timeout is one second
        connection.close()

    upstream.on_head = give_up
    with Client(impatient.port) as client:
        client.send(stalled("large", f"/{route}"))
        got = client.read()

    assert (got.status, circuit(impatient, route)) == (status, state)


def test_streamed_body_that_is_incomplete_at_the_total_timeout_is_408(impatient):
    with Client(impatient.port) as client:
        client.send(stalled("chunked", "/short"))
        got = client.read()

    assert (got.status, circuit(impatient, "short")) == (408, "closed")


def test_upstream_that_reads_no_streamed_body_until_the_total_timeout_is_504(impatient, upstream):
    upstream.on_head = lambda connection, arrived: time.sleep(1.5)
    with Client(impatient.port) as client:
        with contextlib.suppress(OSError):
            client.send(request("POST", "/short", "Content-Length: 20000000") + bytes(20_000_000))
        got = client.read()

    assert (got.status, circuit(impatient, "short")) == (504, "open")


@pytest.mark.parametrize("end", [b"", b"no chunk\r\n"])
def test_streamed_body_that_ends_early_is_no_failure_of_an_upstream_that_responds(impatient, upstream, end):
    upstream.on_head = respond_with(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n")
    impatient.begin_log()
    with Client(impatient.port) as client:
        client.send(stalled("chunked", "/streaming"))
        client.read_until(b"ok\r\n")
        client.send(end)
        client.socket.shutdown(socket.SHUT_WR)
        assert client.is_closed()

    assert "Upstream failed" not in impatient.log


def has_files(number, folder, gateway):
    """Wait until the worker has ``number`` open files in ``folder``, unlinked ones included."""
    (worker,) = gateway.workers()
    for _ in range(100):
        with contextlib.suppress(FileNotFoundError):  # it was closed just now
            targets = [descriptor.readlink() for descriptor in Path(f"/proc/{worker}/fd").iterdir()]
            if len([target for target in targets if target.is_relative_to(folder)]) == number:
                return True
        time.sleep(0.05)
    return False


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The folder for buffered bodies."""
    return tmp_path_factory.mktemp("bodies")


@pytest.fixture(scope="module")
def gateway_of_files(session_upstream, folder, tmp_path_factory):
    url = session_upstream.url
    settings = configuration(url) + configuration(url, name="broken", upstream="breaker_failures = 1")
    with started(tmp_path_factory.mktemp("gateway"), settings, FILE_UPLOAD_TEMP_DIR=str(folder)) as gateway:
        yield gateway


@pytest.fixture
def filing(gateway_of_files, upstream):
    """A gateway that stores bodies in ``folder``; one failure opens the circuit of ``/broken``."""
    gateway_of_files.begin_log()
    return gateway_of_files


def test_large_body_is_stored_in_an_unlinked_file_until_it_was_sent(filing, upstream, folder):
    with Client(filing.port) as client:
        client.send(stalled("large"))
        assert has_files(1, folder, filing)
        assert list(folder.iterdir()) == []
        client.send(REST["large"])
        assert client.read().status == 200

    assert has_files(0, folder, filing)
    assert upstream.requests[0].body == BODY


@pytest.mark.parametrize("end", ["client", "circuit"])
def test_file_of_a_body_that_is_not_sent_is_closed(filing, upstream, folder, end):
    if end == "circuit":
        upstream.script = lambda connection, arrived: connection.close()
        assert exchange(filing.port, request("POST", "/broken")).status == 502
        assert exchange(filing.port, request("POST", "/broken", body=BODY)).status == 503
    else:
        with Client(filing.port) as client:
            client.send(stalled("large"))
            assert has_files(1, folder, filing)

    assert has_files(0, folder, filing)


def test_body_that_cannot_be_stored_is_refused(filing, upstream, folder):
    folder.rmdir()

    refused = exchange(filing.port, request("POST", "/", body=BODY))

    assert (refused.status, refused.value(b"Retry-After")) == (503, b"1")
    assert json.loads(refused.body)["type"] == "urn:problem:request_buffer_full"
    assert "No such file or directory" in filing.log
    assert upstream.requests == []
    assert exchange(filing.port, request("POST", "/", body=BODY[:65536])).status == 200
    folder.mkdir()


def test_early_response_ends_the_forwarding_of_a_buffered_body(gateway, upstream):
    upstream.on_head = lambda connection, arrived: connection.send(b"HTTP/1.1 401 No\r\nContent-Length: 2\r\n\r\nno")
    with Client(gateway.port) as client:
        client.send(request("POST", "/", body=bytes(20_000_000)))
        assert client.read().status == 401
        upstream.reset()
        client.send(request())
        assert client.read().status == 200
