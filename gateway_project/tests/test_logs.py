"""The contents of the logs."""

import contextlib
import json
import time

import pytest

from tests.client import Client, exchange, request
from tests.process import configuration, free_port, started
from tests.upstream import Upstream


@pytest.fixture(scope="module")
def closing():
    """An upstream that closes each connection without a response."""
    server = Upstream()
    server.script = lambda connection, arrived: connection.close()
    yield server
    server.close()


@pytest.fixture(scope="module")
def dead_port():
    return free_port()


@pytest.fixture(scope="module")
def gateway_with_log(session_upstream, closing, dead_port, tmp_path_factory):
    settings = [
        configuration(session_upstream.url),
        configuration(closing.url, session_upstream.url, name="replicas"),
        configuration(f"http://127.0.0.1:{dead_port}", name="dead"),
    ]
    with started(tmp_path_factory.mktemp("gateway"), "".join(settings)) as gateway:
        yield gateway


@pytest.fixture
def gateway(gateway_with_log, upstream):
    """A gateway whose log begins with the test; each test waits for all lines of its requests."""
    gateway_with_log.begin_log()
    return gateway_with_log


def entries(gateway):
    return [json.loads(line) for line in gateway.log_lines]


def wait_for_access(gateway, count):
    ends_at = time.monotonic() + 5
    while True:
        found = [entry for entry in entries(gateway) if entry["logger"] == "access"]
        if len(found) >= count:
            return found
        assert time.monotonic() < ends_at, gateway.log


def test_every_line_is_json_and_each_response_has_one_line(gateway, upstream):
    exchange(gateway.port, request("POST", "/a%2F?token=secret", "X-Request-ID: known", "Authorization: secret"))

    (entry,) = wait_for_access(gateway, 1)
    assert entry | {"method": "POST", "path": "/a%2F", "status": 200, "bytes": 2, "request_id": "known"} == entry
    assert (entry["level"], entry["client"]) == ("INFO", "127.0.0.1")
    assert entry["replica"] == f"127.0.0.1:{upstream.port}"
    assert {line["service"] for line in entries(gateway)} == {"gateway"}
    assert not {"trace_id", "span_id"} & {name for line in entries(gateway) for name in line}
    assert "secret" not in gateway.log


def test_health_checks_and_metrics_are_not_logged(gateway, upstream):
    exchange(gateway.port, request(target="/health"))
    exchange(gateway.port, request())

    assert [entry["path"] for entry in wait_for_access(gateway, 1)] == ["/"]


def test_forwarded_request_for_metrics_is_logged(gateway, upstream):
    exchange(gateway.port, request(target="/metrics"))

    assert [entry["path"] for entry in wait_for_access(gateway, 1)] == ["/metrics"]


def test_access_line_names_the_replica_whose_response_was_forwarded(gateway, upstream, closing):
    statuses = [exchange(gateway.port, request(target="/replicas")).status for _ in range(2)]

    assert statuses == [200, 200]
    assert closing.requests
    replicas = {entry["replica"] for entry in wait_for_access(gateway, 2)}
    assert replicas == {f"127.0.0.1:{upstream.port}"}


def test_access_line_of_an_own_response_names_no_replica(gateway):
    assert exchange(gateway.port, request(target="/dead")).status == 503

    (entry,) = wait_for_access(gateway, 1)
    assert "replica" not in entry


def test_upstream_failure_is_logged_with_the_reason(gateway, dead_port):
    exchange(gateway.port, request("GET", "/dead", "X-Request-ID: known"))
    wait_for_access(gateway, 1)

    warnings = [entry for entry in entries(gateway) if entry["level"] == "WARNING"]
    assert warnings[0]["replica"] == f"127.0.0.1:{dead_port}"
    assert "refused" in warnings[0]["reason"]
    assert warnings[0]["request_id"] == "known"
    assert not [entry for entry in entries(gateway) if entry["level"] == "ERROR"]


def test_response_that_breaks_off_has_a_line_and_a_warning(gateway, upstream):
    def break_off(connection, arrived):
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nstart")
        time.sleep(0.05)
        connection.close()

    upstream.script = break_off
    with Client(gateway.port) as client:
        client.send(request("GET", "/", "X-Request-ID: known"))
        assert not client.read().complete

    (entry,) = wait_for_access(gateway, 1)
    (warning,) = [line for line in entries(gateway) if line["level"] == "WARNING"]
    assert (entry["status"], entry["bytes"], entry["request_id"]) == (200, 5, "known")
    assert (warning["message"], warning["request_id"]) == ("Upstream failed", "known")


def test_response_to_a_client_that_disconnects_has_a_line(gateway, upstream):
    def send_slowly(connection, arrived):
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
        with contextlib.suppress(OSError):
            for _ in range(100):
                connection.send(b"x" * 10_000)
                time.sleep(0.01)

    upstream.script = send_slowly
    with Client(gateway.port) as client:
        client.send(request("GET", "/"))
        client.socket.recv(100)

    (entry,) = wait_for_access(gateway, 1)
    assert (entry["status"], entry["path"]) == (200, "/")
    assert entry["bytes"] < 1_000_000


def test_access_log_can_be_turned_off(inner):
    inner.begin_log()

    exchange(inner.port, request())
    time.sleep(0.2)

    assert [entry for entry in entries(inner) if entry["logger"] == "access"] == []
