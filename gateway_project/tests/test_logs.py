"""The contents of the logs."""

import json
import time

from tests.client import exchange, request
from tests.process import configuration, free_port
from tests.upstream import Upstream


def entries(gateway):
    return [json.loads(line) for line in gateway.log_lines]


def wait_for_access(gateway, count):
    ends_at = time.monotonic() + 5
    while True:
        found = [entry for entry in entries(gateway) if entry["logger"] == "access"]
        if len(found) >= count:
            return found
        assert time.monotonic() < ends_at, gateway.log


def test_every_line_is_json_and_each_response_has_one_line(share, upstream):
    gateway = share(configuration(upstream.url))

    exchange(gateway.port, request("POST", "/a%2F?token=secret", "X-Request-ID: known", "Authorization: secret"))

    (entry,) = wait_for_access(gateway, 1)
    assert entry | {"method": "POST", "path": "/a%2F", "status": 200, "bytes": 2, "request_id": "known"} == entry
    assert (entry["level"], entry["client"]) == ("INFO", "127.0.0.1")
    assert entry["replica"] == f"127.0.0.1:{upstream.port}"
    assert {line["service"] for line in entries(gateway)} == {"gateway"}
    assert not {"trace_id", "span_id"} & {name for line in entries(gateway) for name in line}
    assert "secret" not in gateway.log


def test_health_checks_and_metrics_are_not_logged(share, upstream):
    gateway = share(configuration(upstream.url))

    exchange(gateway.port, request(target="/health"))
    exchange(gateway.port, request())

    assert [entry["path"] for entry in wait_for_access(gateway, 1)] == ["/"]


def test_a_forwarded_request_for_metrics_is_logged(share, upstream):
    gateway = share(configuration(upstream.url))

    exchange(gateway.port, request(target="/metrics"))

    assert [entry["path"] for entry in wait_for_access(gateway, 1)] == ["/metrics"]


def test_access_line_names_the_replica_whose_response_was_forwarded(start, upstream):
    other = Upstream()
    other.script = lambda connection, arrived: connection.close()
    gateway = start(configuration(other.url, upstream.url))

    statuses = [exchange(gateway.port, request()).status for _ in range(2)]
    other.close()

    assert statuses == [200, 200]
    assert other.requests
    replicas = {entry["replica"] for entry in wait_for_access(gateway, 2)}
    assert replicas == {f"127.0.0.1:{upstream.port}"}


def test_access_line_of_an_own_response_names_no_replica(start):
    gateway = start(configuration(f"http://127.0.0.1:{free_port()}"))

    assert exchange(gateway.port, request()).status == 503

    (entry,) = wait_for_access(gateway, 1)
    assert "replica" not in entry


def test_console_format_has_columns(start, upstream):
    gateway = start(configuration(upstream.url), LOG_FORMAT="console")

    exchange(gateway.port, request("GET", "/a", "X-Request-ID: known"))

    ends_at = time.monotonic() + 5
    while "GET /a 200 2 B" not in gateway.log:
        assert time.monotonic() < ends_at, gateway.log
    assert "127.0.0.1 [known]" in gateway.log


def test_the_access_log_can_be_turned_off(start, upstream):
    gateway = start(configuration(upstream.url), ACCESS_LOG="false")

    exchange(gateway.port, request())
    time.sleep(0.2)

    assert [entry for entry in entries(gateway) if entry["logger"] == "access"] == []


def test_upstream_failure_is_logged_with_the_reason(start):
    port = free_port()
    gateway = start(configuration(f"http://127.0.0.1:{port}"))

    exchange(gateway.port, request("GET", "/", "X-Request-ID: known"))

    warnings = [entry for entry in entries(gateway) if entry["level"] == "WARNING"]
    assert warnings[0]["replica"] == f"127.0.0.1:{port}"
    assert "refused" in warnings[0]["reason"]
    assert warnings[0]["request_id"] == "known"
    assert not [entry for entry in entries(gateway) if entry["level"] == "ERROR"]
