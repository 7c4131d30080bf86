"""Operation of the gateway: metrics, the service token, and routes that a variable turns off."""

import json
import time

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.client import exchange, request
from tests.process import configuration, free_port, started


@pytest.fixture(scope="module")
def metrics_port():
    return free_port()


@pytest.fixture(scope="module")
def operated(session_upstream, metrics_port, tmp_path_factory):
    """A gateway of two processes that has metrics, a service token, and routes that variables turn on and off."""
    url = session_upstream.url
    settings = [
        configuration(url, name="counted"),
        configuration(f"http://127.0.0.1:{free_port()}", upstream="breaker_failures = 1", name="dead"),
        configuration(url, name="metrics"),
        configuration(url, name="on", route='enabled = "${ON:-false}"'),
        configuration(url, name="off", route='enabled = "${OFF:-true}"'),
    ]
    environment = {
        "METRICS_BIND": f"127.0.0.1:{metrics_port}",
        "SERVICE_TOKEN": "new,old",
        "ON": "true",
        "OFF": "false",
    }
    with started(tmp_path_factory.mktemp("gateway"), "".join(settings), workers=2, **environment) as gateway:
        yield gateway


def samples(port):
    text = exchange(port, request("GET", "/metrics")).body.decode()
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def wait_for_samples(port, expected):
    """Wait for metrics. A request is counted after the last byte of its response."""
    for _ in range(100):
        if expected.items() <= (numbers := samples(port)).items():
            return
        time.sleep(0.1)
    pytest.fail(f"not complete: {numbers}")


def test_requests_are_counted_over_all_processes_by_route(operated, upstream, metrics_port):
    for _ in range(10):
        exchange(operated.port, request("GET", "/counted/anything"))
    exchange(operated.port, request("BREW", "/counted/anything"))

    labels = [("route", "/counted"), ("status", "200")]
    expected = {
        ("gateway_request_duration_seconds_count", ("route", "/counted")): 11,
        ("gateway_requests_total", ("method", "GET"), *labels): 10,
        ("gateway_requests_total", ("method", "other"), *labels): 1,
    }
    wait_for_samples(metrics_port, expected)


def test_failures_and_open_circuits_are_counted(operated, metrics_port):
    exchange(operated.port, request("GET", "/dead"))

    numbers = samples(metrics_port)
    failures = ("gateway_upstream_failures_total", ("reason", "upstream_unreachable"), ("upstream", "dead"))
    assert numbers[failures] >= 1
    assert numbers["gateway_circuit_open", ("upstream", "dead")] == 1


def test_metrics_address_serves_only_metrics(operated, upstream, metrics_port):
    other = exchange(metrics_port, request("GET", "/counted"))
    forwarded = exchange(operated.port, request("GET", "/metrics"))

    assert (other.status, json.loads(other.body)["type"]) == (404, "urn:problem:not_found")
    assert forwarded.body == b"ok"  # from the upstream: the public port serves no metrics
    assert len(upstream.requests) == 1


def test_service_token_is_sent_and_replaces_the_header_of_the_client(operated, upstream):
    exchange(operated.port, request("GET", "/on", "X-Service-Token: forged", "x-service-token: again"))

    assert upstream.requests[0].values(b"X-Service-Token") == [b"new"]


def test_without_a_service_token_the_header_of_the_client_is_forwarded(gateway, upstream):
    exchange(gateway.port, request("GET", "/", "X-Service-Token: mine"))

    assert upstream.requests[0].values(b"X-Service-Token") == [b"mine"]


@pytest.mark.parametrize(("target", "status"), [("/on", 200), ("/off", 404)])
def test_variable_turns_a_route_on_and_off(operated, upstream, target, status):
    assert exchange(operated.port, request("GET", target)).status == status
