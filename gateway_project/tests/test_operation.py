"""Operation of the gateway: metrics, the service token, and routes that a variable turns off."""

import json
import time

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.client import exchange, request
from tests.process import configuration, free_port


@pytest.fixture
def metrics_port():
    return free_port()


def samples(port):
    text = exchange(port, request("GET", "/metrics")).body.decode()
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def samples_once(port, is_complete):
    """Wait until the samples are complete; a request is counted after the last byte of its response."""
    for _ in range(100):
        if is_complete(numbers := samples(port)):
            return numbers
        time.sleep(0.1)
    pytest.fail(f"not complete: {numbers}")


def test_requests_are_counted_over_all_processes_by_route(start, upstream, metrics_port):
    gateway = start(configuration(upstream.url), workers=2, METRICS_BIND=f"127.0.0.1:{metrics_port}")

    for _ in range(10):
        exchange(gateway.port, request("GET", "/anything"))
    exchange(gateway.port, request("BREW", "/anything"))

    counted = ("gateway_request_duration_seconds_count", ("route", "/"))
    numbers = samples_once(metrics_port, lambda numbers: numbers.get(counted) == 11)
    labels = [("route", "/"), ("status", "200")]
    assert numbers["gateway_requests_total", ("method", "GET"), *labels] == 10
    assert numbers["gateway_requests_total", ("method", "other"), *labels] == 1


def test_failures_and_open_circuits_are_counted(start, metrics_port):
    dead = configuration(f"http://127.0.0.1:{free_port()}", upstream="breaker_failures = 1")
    gateway = start(dead, METRICS_BIND=f"127.0.0.1:{metrics_port}")

    exchange(gateway.port, request("GET", "/"))

    numbers = samples(metrics_port)
    failures = ("gateway_upstream_failures_total", ("reason", "upstream_unreachable"), ("upstream", "any"))
    assert numbers[failures] >= 1
    assert numbers["gateway_circuit_open", ("upstream", "any")] == 1


def test_metrics_address_serves_only_metrics(start, upstream, metrics_port):
    gateway = start(configuration(upstream.url), METRICS_BIND=f"127.0.0.1:{metrics_port}")

    other = exchange(metrics_port, request("GET", "/users"))
    forwarded = exchange(gateway.port, request("GET", "/metrics"))

    assert (other.status, json.loads(other.body)["type"]) == (404, "urn:problem:not_found")
    assert forwarded.body == b"ok"  # from the upstream: the public port serves no metrics
    assert len(upstream.requests) == 1


def test_token_is_sent_to_upstreams_and_replaces_one_of_the_client(share, upstream):
    gateway = share(configuration(upstream.url), SERVICE_TOKEN="new,old")

    exchange(gateway.port, request("GET", "/", "X-Service-Token: forged", "x-service-token: again"))

    assert upstream.requests[0].values(b"X-Service-Token") == [b"new"]


def test_without_a_token_the_header_of_the_client_is_forwarded(gateway, upstream):
    exchange(gateway.port, request("GET", "/", "X-Service-Token: mine"))

    assert upstream.requests[0].values(b"X-Service-Token") == [b"mine"]


@pytest.mark.parametrize(("value", "status"), [("true", 200), ("false", 404)])
def test_variable_turns_a_route_off(start, upstream, value, status):
    gateway = start(configuration(upstream.url, route='enabled = "${EXPOSED:-true}"'), EXPOSED=value)

    assert exchange(gateway.port, request("GET", "/")).status == status
