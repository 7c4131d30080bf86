"""Limits of request sizes and rates."""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import time

import pytest

from tests.client import Client, exchange, request
from tests.process import configuration, free_port, started

CHUNKED = "Transfer-Encoding: chunked"


RATE = 'rate_limit = "3/{}"'


@pytest.fixture(scope="module")
def limited_gateway(session_upstream, tmp_path_factory):
    routes = {unit: RATE.format(unit) for unit in ("second", "minute", "hour")} | {"small": 'max_body = "1 KiB"'}
    settings = [configuration(session_upstream.url, name=name, route=route) for name, route in routes.items()]
    folder = tmp_path_factory.mktemp("gateway")
    with started(folder, "".join(settings), TRUSTED_PROXIES="127.0.0.0/8") as gateway:
        yield gateway


@pytest.fixture
def limited(limited_gateway, upstream):
    """A gateway whose routes accept three requests a second, a minute or an hour; one test uses each.

    Its route ``/small`` accepts bodies of up to 1 KiB.
    """
    return limited_gateway


def test_body_of_the_maximum_size_is_forwarded(limited, upstream):
    assert exchange(limited.port, request("POST", "/small", body=bytes(1024))).status == 200
    chunked = request("POST", "/small", CHUNKED) + b"400\r\n" + bytes(1024) + b"\r\n0\r\n\r\n"
    assert exchange(limited.port, chunked).status == 200


def test_larger_body_is_rejected_before_it_is_sent(limited, upstream):
    with Client(limited.port) as client:
        client.send(request("POST", "/small", "Content-Length: 1025"))
        assert client.read().status == 413

    assert upstream.requests == []


def test_larger_body_is_rejected_instead_of_100_continue(limited, upstream):
    with Client(limited.port) as client:
        client.send(request("POST", "/small", "Content-Length: 10000000", "Expect: 100-continue"))
        got = client.read()
        assert (got.status, got.interim, got.value(b"Connection")) == (413, [], b"close")
        assert client.is_closed()


def test_client_that_sends_a_rejected_body_can_read_the_response(limited):
    with Client(limited.port) as client:
        client.send(request("POST", "/small", "Content-Length: 20000000") + bytes(20_000_000))
        assert client.read().status == 413


def test_chunked_body_is_limited_while_it_is_received(limited, upstream):
    with Client(limited.port) as client:
        client.send(request("POST", "/small", CHUNKED) + (b"400\r\n" + bytes(1024) + b"\r\n") * 2)
        got = client.read()

    assert (got.status, json.loads(got.body)["type"]) == (413, "urn:problem:body_too_large")
    assert upstream.requests == []


def test_connection_is_kept_after_a_small_unread_body(limited):
    with Client(limited.port) as client:
        client.send(request("POST", "/health", body=b"ignored"))
        assert client.read().status == 405
        client.send(request(target="/small"))
        assert client.read().status == 200


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        (["X: " + "a" * 16000], 200),
        (["X: " + "a" * 16400], 431),
        ([f"X-{number}: 1" for number in range(190)], 200),
        ([f"X-{number}: 1" for number in range(201)], 431),
        (["X: " + "a" * 16000] * 9, 431),
    ],
)
def test_size_and_number_of_header_fields_are_limited(gateway, lines, status):
    assert exchange(gateway.port, request("GET", "/", *lines)).status == status


@pytest.mark.parametrize(("length", "status"), [(8000, 200), (16000, 200), (16400, 414)])
def test_size_of_the_request_line_is_limited(gateway, length, status):
    assert exchange(gateway.port, request("GET", "/" + "a" * length)).status == status


def test_empty_lines_do_not_count_toward_the_request_line(gateway):
    assert exchange(gateway.port, b"\r\n" + request("GET", "/" + "a" * 16400)).status == 414


@pytest.mark.parametrize("line", ["X: " + "a" * 16400, "X: " + "a" * 140_000, "no colon"])
def test_rejected_head_request_gets_a_response_without_body(gateway, line):
    with Client(gateway.port) as client:
        client.send(request("HEAD", "/", line))
        got = client.read(b"HEAD")
        assert client.is_closed()

    assert (got.status >= 400, got.value(b"Content-Type")) == (True, b"application/problem+json")


@pytest.mark.parametrize(
    ("start", "status"), [(b"GET /", 414), (b"", 414), (b"GET / HTTP/1.1\r\n", 431), (b"GET / HTTP/1.1\r\nX: ", 431)]
)
def test_endless_head_is_rejected(gateway, start, status):
    with Client(gateway.port) as client:
        client.send(start + b"a" * 140_000)
        assert client.read().status == status


def test_client_over_its_rate_gets_429_with_retry_after(limited, upstream):
    responses = [exchange(limited.port, request(target="/minute")) for _ in range(4)]

    assert [got.status for got in responses] == [200, 200, 200, 429]
    assert [got.value(b"RateLimit-Policy") for got in responses] == [b'"requests";q=3;w=60'] * 4
    assert [got.value(b"RateLimit").split(b";")[1] for got in responses] == [b"r=2", b"r=1", b"r=0", b"r=0"]
    refused = responses[-1]
    assert 1 <= int(refused.value(b"Retry-After")) <= 60
    assert refused.value(b"RateLimit").endswith(b";t=" + refused.value(b"Retry-After"))
    assert json.loads(refused.body)["type"] == "urn:problem:too_many_requests"
    assert len(upstream.requests) == 3


def test_client_may_send_again_after_retry_after(limited):
    while exchange(limited.port, request(target="/second")).status == 200:
        pass

    time.sleep(2.1)

    assert exchange(limited.port, request(target="/second")).status == 200


def test_rate_limit_is_per_client(limited):
    def statuses(chain):
        return [exchange(limited.port, request("GET", "/hour", f"X-Forwarded-For: {chain}")).status for _ in range(4)]

    assert statuses("192.0.2.1") == [200, 200, 200, 429]
    assert statuses("192.0.2.2") == [200, 200, 200, 429]
    assert (
        statuses("6.6.6.6, 192.0.2.2, 127.0.0.1") == [429] * 4
    )  # forwarding fields of an untrusted client do not count


def test_route_without_rate_limit_has_no_ratelimit_fields(gateway):
    assert exchange(gateway.port, request()).values(b"RateLimit") == []


def test_without_redis_each_process_counts_separately(start, upstream):
    settings = configuration(upstream.url, route=RATE.format("hour"))
    gateway = start(settings, REDIS_URL=f"redis://127.0.0.1:{free_port()}")

    assert [exchange(gateway.port, request()).status for _ in range(4)] == [200, 200, 200, 429]
    assert gateway.log.count("each process counts by itself") == 1


@pytest.fixture
def redis_url(tmp_path):
    """A Redis server for these tests."""
    executable = shutil.which("redis-server")
    if executable is None:
        if os.environ.get("REQUIRE_REDIS") == "1":
            pytest.fail("REQUIRE_REDIS=1, but there is no redis-server")
        pytest.skip("no redis-server")
    port = free_port()
    command = [executable, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        wait_for_port(port)
        yield f"redis://127.0.0.1:{port}"
        process.terminate()


def wait_for_port(port):
    for _ in range(600):
        with contextlib.suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.05)
    pytest.fail(f"no server listens on port {port}")


def test_redis_counts_across_gateways(start, upstream, redis_url):
    settings = configuration(upstream.url, route=RATE.format("hour"))
    gateways = [start(settings, REDIS_URL=redis_url) for _ in range(2)]

    statuses = [exchange(gateways[number % 2].port, request()).status for number in range(6)]

    assert statuses == [200, 200, 200, 429, 429, 429]
