"""What the logs say, and what they do not."""

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


def test_every_line_is_json_and_an_answer_is_one_line(start, upstream):
    gateway = start(configuration(upstream.url))

    exchange(
        gateway.port, request("POST", "/a%2F?token=secret", "X-Request-ID: known", "Authorization: secret")
    )

    (entry,) = wait_for_access(gateway, 1)
    assert (
        entry | {"method": "POST", "path": "/a%2F", "status": 200, "bytes": 2, "request_id": "known"} == entry
    )
    assert (entry["level"], entry["client"]) == ("INFO", "127.0.0.1")
    assert entry["replica"] == f"127.0.0.1:{upstream.port}"
    assert {line["service"] for line in entries(gateway)} == {"gateway"}
    assert not {"trace_id", "span_id"} & {name for line in entries(gateway) for name in line}
    assert "secret" not in gateway.log


def test_polling_is_not_logged(start, upstream):
    gateway = start(configuration(upstream.url))

    exchange(gateway.port, request(target="/health"))
    exchange(gateway.port, request())

    assert [entry["path"] for entry in wait_for_access(gateway, 1)] == ["/"]


def test_a_forwarded_request_for_metrics_is_logged(start, upstream):
    gateway = start(configuration(upstream.url))

    exchange(gateway.port, request(target="/metrics"))

    assert [entry["path"] for entry in wait_for_access(gateway, 1)] == ["/metrics"]


def test_the_replica_is_the_one_whose_response_was_forwarded(start, upstream):
    other = Upstream()
    other.script = lambda connection, arrived: connection.close()
    gateway = start(configuration(other.url, upstream.url))

    statuses = [exchange(gateway.port, request()).status for _ in range(2)]
    other.close()

    assert statuses == [200, 200]
    assert other.requests
    replicas = {entry["replica"] for entry in wait_for_access(gateway, 2)}
    assert replicas == {f"127.0.0.1:{upstream.port}"}


def test_a_response_of_the_gateway_itself_names_no_replica(start):
    gateway = start(configuration(f"http://127.0.0.1:{free_port()}"))

    assert exchange(gateway.port, request()).status == 503

    (entry,) = wait_for_access(gateway, 1)
    assert "replica" not in entry


def test_people_get_columns(start, upstream):
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


def test_a_failed_upstream_is_named_with_the_reason(start):
    port = free_port()
    gateway = start(configuration(f"http://127.0.0.1:{port}"))

    exchange(gateway.port, request("GET", "/", "X-Request-ID: known"))

    warnings = [entry for entry in entries(gateway) if entry["level"] == "WARNING"]
    assert warnings[0]["replica"] == f"127.0.0.1:{port}"
    assert "refused" in warnings[0]["reason"]
    assert warnings[0]["request_id"] == "known"
    assert not [entry for entry in entries(gateway) if entry["level"] == "ERROR"]
