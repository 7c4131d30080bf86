"""Several servers behind one upstream."""

import json
import time
from collections import Counter

import pytest

from tests.client import exchange, request
from tests.process import configuration, free_port
from tests.upstream import OK, Upstream, answer


@pytest.fixture
def replicas():
    started = [Upstream(), Upstream(), Upstream()]
    yield started
    for replica in started:
        replica.close()


def urls(replicas):
    return [replica.url for replica in replicas]


def health(gateway):
    return json.loads(exchange(gateway.port, request(target="/health")).body)["upstreams"]["any"]


def wait_until(condition, seconds=8):
    ends_at = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends_at
        time.sleep(0.05)


def test_requests_are_balanced_evenly(start, replicas):
    gateway = start(configuration(*urls(replicas)))

    for _ in range(30):
        exchange(gateway.port, request())

    assert [len(replica.requests) for replica in replicas] == [10, 10, 10]


def test_dead_replica_fails_no_get_and_duplicates_no_post(start, replicas):
    gateway = start(configuration(*urls(replicas)))
    replicas[0].close()

    statuses = Counter(exchange(gateway.port, request(method)).status for method in ["GET", "POST"] * 15)

    assert statuses == {200: 30}
    posts = [arrived for replica in replicas for arrived in replica.requests if arrived.line.startswith(b"POST")]
    assert len(posts) == 15


def test_post_is_not_retried_if_its_replica_dies(start, replicas):
    gateway = start(configuration(*urls(replicas[:2])))
    replicas[0].script = lambda connection, arrived: connection.close()
    replicas[1].script = replicas[0].script

    assert exchange(gateway.port, request("POST")).status == 502
    assert len(replicas[0].requests) + len(replicas[1].requests) == 1


def test_get_is_retried_after_a_replica_times_out(start, replicas):
    gateway = start(configuration(*urls(replicas[:2]), upstream="total_timeout = 5.0"))
    replicas[0].script = lambda connection, arrived: time.sleep(2)

    assert [exchange(gateway.port, request()).status for _ in range(4)] == [200] * 4


def test_failing_replica_is_ejected_until_a_probe_succeeds(start, replicas):
    gateway = start(configuration(*urls(replicas[:2]), upstream='probe_path = "/alive"'))
    bad = replicas[0]
    bad.script = lambda connection, arrived: connection.close()
    exchange(gateway.port, request())
    exchange(gateway.port, request())
    assert health(gateway)["replicas_in_use"] == 1
    bad.requests.clear()

    for _ in range(5):
        exchange(gateway.port, request())
    wait_until(lambda: bad.requests)
    assert {arrived.target for arrived in bad.requests} == {b"/alive"}

    bad.script = answer(OK)
    wait_until(lambda: health(gateway)["replicas_in_use"] == 2)
    before = len(bad.requests)
    for _ in range(4):
        exchange(gateway.port, request())
    assert len(bad.requests) - before == 2


def test_probe_with_a_server_error_does_not_reinstate_a_replica(start, replicas):
    gateway = start(configuration(*urls(replicas[:2])))
    bad = replicas[0]
    bad.script = lambda connection, arrived: connection.close()
    exchange(gateway.port, request())
    exchange(gateway.port, request())
    bad.script = answer(b"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n")
    bad.requests.clear()

    wait_until(lambda: bad.requests)

    assert health(gateway)["replicas_in_use"] == 1


def test_ejected_replicas_are_used_if_all_are_ejected(start, replicas):
    gateway = start(configuration(*urls(replicas[:2])))
    for replica in replicas:
        replica.script = lambda connection, arrived: connection.close()
    assert exchange(gateway.port, request()).status == 502
    for replica in replicas:
        replica.script = answer(OK)

    assert exchange(gateway.port, request()).status == 200


@pytest.mark.timing
def test_circuit_opens_rejects_half_opens_and_closes(start):
    port = free_port()
    settings = "breaker_failures = 3\nbreaker_seconds = 0.5"
    gateway = start(configuration(f"http://127.0.0.1:{port}", upstream=settings))

    for _ in range(3):
        assert exchange(gateway.port, request()).status == 503
    started_at = time.monotonic()
    refused = exchange(gateway.port, request())
    assert time.monotonic() - started_at < 0.1
    assert (refused.status, refused.value(b"Retry-After")) == (503, b"1")
    assert json.loads(refused.body)["type"] == "urn:problem:circuit_open"
    assert health(gateway)["circuit"] == "open"
    assert "refused" in health(gateway)["last_error"]

    time.sleep(0.55)
    assert health(gateway)["circuit"] == "half-open"
    assert json.loads(exchange(gateway.port, request()).body)["type"] == "urn:problem:upstream_unreachable"
    assert json.loads(exchange(gateway.port, request()).body)["type"] == "urn:problem:circuit_open"

    server = Upstream(port)
    time.sleep(0.55)
    assert exchange(gateway.port, request()).status == 200
    assert health(gateway)["circuit"] == "closed"
    server.close()


def test_each_upstream_has_its_own_circuit(start, upstream):
    gateway = start(
        f"""
        [upstreams.dead]
        urls = ["http://127.0.0.1:{free_port()}"]
        breaker_failures = 1
        [upstreams.alive]
        urls = ["{upstream.url}"]
        [[routes]]
        path = "/dead"
        upstream = "dead"
        [[routes]]
        path = "/"
        upstream = "alive"
        """
    )

    statuses = [exchange(gateway.port, request(target=target)).status for target in ("/dead", "/dead", "/alive")]

    assert statuses == [503, 503, 200]


def test_health_is_200_while_an_upstream_is_down(start):
    gateway = start(configuration(f"http://127.0.0.1:{free_port()}"))
    exchange(gateway.port, request())

    for target in ("/health", "/health/", "/health/live", "/health/ready"):
        assert exchange(gateway.port, request(target=target)).status == 200
