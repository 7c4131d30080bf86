"""Several servers behind one upstream."""

import itertools
import json
import time
from collections import Counter

import pytest

from tests.client import exchange, request
from tests.process import configuration, free_port, started, wait_for
from tests.upstream import OK, Upstream, respond_with

# The cases by the paths of their routes: the number of replicas, and settings.
CASES = {
    "balanced": (3, ""),
    "dead": (3, ""),
    "dying": (2, ""),
    "slow": (2, "total_timeout = 5.0"),
    "ejected": (2, 'probe_path = "/alive"'),
    "erring": (2, ""),
    "all_ejected": (2, ""),
    "circuit": (0, "breaker_failures = 3\nbreaker_seconds = 0.5"),
    "broken": (0, "breaker_failures = 1"),
}


@pytest.fixture(scope="module")
def servers():
    """The servers of each case."""
    running = {name: [Upstream() for _ in range(number)] for name, (number, _) in CASES.items()}
    yield running
    for server in itertools.chain(*running.values()):
        server.close()


@pytest.fixture(scope="module")
def ports():
    """Ports of cases without a server."""
    return {name: free_port() for name, (number, _) in CASES.items() if not number}


@pytest.fixture(scope="module")
def gateway(servers, ports, tmp_path_factory):
    """A gateway with an upstream for each case."""
    urls = {name: [server.url for server in servers[name]] for name in CASES}
    urls |= {name: [f"http://127.0.0.1:{port}"] for name, port in ports.items()}
    settings = [configuration(*urls[name], upstream=upstream, name=name) for name, (_, upstream) in CASES.items()]
    with started(tmp_path_factory.mktemp("gateway"), "".join(settings)) as gateway:
        yield gateway


def health(gateway, name):
    return json.loads(exchange(gateway.port, request(target="/health")).body)["upstreams"][name]


def send(gateway, name, method="GET"):
    return exchange(gateway.port, request(method, f"/{name}"))


def test_requests_are_balanced_evenly(gateway, servers):
    for replica in servers["balanced"]:
        replica.reset()

    for _ in range(30):
        send(gateway, "balanced")

    assert [len(replica.requests) for replica in servers["balanced"]] == [10, 10, 10]


def test_dead_replica_fails_no_get_and_duplicates_no_post(gateway, servers):
    replicas = servers["dead"]
    replicas[0].close()

    statuses = Counter(send(gateway, "dead", method).status for method in ["GET", "POST"] * 15)

    assert statuses == {200: 30}
    posts = [arrived for replica in replicas for arrived in replica.requests if arrived.line.startswith(b"POST")]
    assert len(posts) == 15


def test_post_is_not_retried_if_its_replica_dies(gateway, servers):
    first, second = servers["dying"]
    first.script = second.script = lambda connection, arrived: connection.close()

    assert send(gateway, "dying", "POST").status == 502
    assert len(first.requests) + len(second.requests) == 1


def test_get_is_retried_after_a_replica_times_out(gateway, servers):
    servers["slow"][0].script = lambda connection, arrived: time.sleep(2)

    assert [send(gateway, "slow").status for _ in range(4)] == [200] * 4


def test_failing_replica_is_ejected_until_a_probe_succeeds(gateway, servers):
    bad, _ = servers["ejected"]
    bad.script = lambda connection, arrived: connection.close()
    send(gateway, "ejected")
    send(gateway, "ejected")
    assert health(gateway, "ejected")["replicas_in_use"] == 1
    bad.requests.clear()

    for _ in range(5):
        send(gateway, "ejected")
    wait_for(lambda: bad.requests)
    assert {arrived.target for arrived in bad.requests} == {b"/alive"}

    bad.script = respond_with(OK)
    wait_for(lambda: health(gateway, "ejected")["replicas_in_use"] == 2)
    before = len(bad.requests)
    for _ in range(4):
        send(gateway, "ejected")
    assert len(bad.requests) - before == 2


def test_probe_with_a_server_error_does_not_reinstate_a_replica(gateway, servers):
    bad, _ = servers["erring"]
    bad.script = lambda connection, arrived: connection.close()
    send(gateway, "erring")
    send(gateway, "erring")
    bad.script = respond_with(b"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n")
    bad.requests.clear()

    wait_for(lambda: bad.requests)

    assert health(gateway, "erring")["replicas_in_use"] == 1


def test_ejected_replicas_are_used_if_all_are_ejected(gateway, servers):
    for replica in servers["all_ejected"]:
        replica.script = lambda connection, arrived: connection.close()
    assert send(gateway, "all_ejected").status == 502
    for replica in servers["all_ejected"]:
        replica.script = respond_with(OK)

    assert send(gateway, "all_ejected").status == 200


@pytest.mark.timing
def test_circuit_opens_rejects_half_opens_and_closes(gateway, ports):
    for _ in range(3):
        assert send(gateway, "circuit").status == 503
    started_at = time.monotonic()
    refused = send(gateway, "circuit")
    assert time.monotonic() - started_at < 0.1
    assert (refused.status, refused.value(b"Retry-After")) == (503, b"1")
    assert json.loads(refused.body)["type"] == "urn:problem:circuit_open"
    assert health(gateway, "circuit")["circuit"] == "open"
    assert "refused" in health(gateway, "circuit")["last_error"]

    time.sleep(0.55)
    assert health(gateway, "circuit")["circuit"] == "half-open"
    assert json.loads(send(gateway, "circuit").body)["type"] == "urn:problem:upstream_unreachable"
    assert json.loads(send(gateway, "circuit").body)["type"] == "urn:problem:circuit_open"

    server = Upstream(ports["circuit"])
    time.sleep(0.55)
    assert send(gateway, "circuit").status == 200
    assert health(gateway, "circuit")["circuit"] == "closed"
    server.close()


def test_each_upstream_has_its_own_circuit(gateway):
    assert [send(gateway, name).status for name in ("broken", "broken", "balanced")] == [503, 503, 200]
    assert [health(gateway, name)["circuit"] for name in ("broken", "balanced")] == ["open", "closed"]


def test_health_is_200_while_an_upstream_is_down(gateway):
    assert send(gateway, "broken").status == 503

    for target in ("/health", "/health/", "/health/live", "/health/ready"):
        assert exchange(gateway.port, request(target=target)).status == 200
