"""An upstream given by name uses all its current addresses, and no request waits for a DNS look-up."""

import json
import os
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.client import Client, exchange, request
from tests.process import configuration, free_port
from tests.tls import AUTHORITY, TlsUpstream, certificate
from tests.upstream import OK, Upstream

FOLDER = Path(__file__).parent / "name_server"
NAME = "service.test"
ADDRESSES = ("127.0.0.2", "127.0.0.3", "127.0.0.4")
NOTICED_SECONDS = 4.0  # time to notice a change: one look-up a second, on a busy machine


@pytest.fixture
def port():
    return free_port()


@pytest.fixture
def servers(port):
    """One server at each address, all on the same port."""
    started = [Upstream(port, address) for address in ADDRESSES]
    yield started
    for server in started:
        server.close()


@pytest.fixture
def name(tmp_path):
    """Set the addresses of the name: ``name("127.0.0.2", "127.0.0.3")``."""
    file = tmp_path / "names.txt"

    def become(*addresses):
        new = tmp_path / "new.txt"
        new.write_text(" ".join([NAME, *addresses]))
        new.replace(file)

    become()
    return become


@pytest.fixture
def start_named(start, name, port, tmp_path):
    """Start a gateway whose upstream is given by this name."""

    def start_gateway(upstream="", host=NAME, scheme="http"):
        text = configuration(f"{scheme}://{host}:{port}", upstream=upstream)
        return start(
            text.replace("read_timeout = 1.0", "read_timeout = 8.0"),
            PYTHONPATH=os.pathsep.join([str(FOLDER), os.environ.get("PYTHONPATH", "")]),
            NAMES_FILE=str(tmp_path / "names.txt"),
        )

    return start_gateway


def health(gateway):
    return json.loads(exchange(gateway.port, request(target="/health")).body)["upstreams"]["any"]


def wait_until(condition):
    ends_at = time.monotonic() + NOTICED_SECONDS
    while not condition():
        assert time.monotonic() < ends_at
        time.sleep(0.05)


def wait_for_replicas(gateway, port, *addresses):
    expected = {f"{address}:{port}" for address in addresses}
    wait_until(lambda: set(health(gateway)["replicas"]) == expected)


def is_closed(connection):
    """Return whether the gateway, and then the server, has closed the connection."""
    return connection.socket.fileno() == -1


def ask(gateway, number):
    return Counter(exchange(gateway.port, request("POST")).status for _ in range(number))


def numbers(servers):
    return [len(server.requests) for server in servers]


def test_first_request_can_use_every_address(start_named, servers, name, port):
    name(*ADDRESSES)
    gateway = start_named()

    assert ask(gateway, 30) == {200: 30}

    assert numbers(servers) == [10, 10, 10]
    assert health(gateway)["replicas"] == {f"{address}:{port}": True for address in ADDRESSES}


def test_name_is_the_host_of_requests_and_probes(start_named, servers, name, port):
    name(*ADDRESSES[:2])
    gateway = start_named('preserve_host = false\nprobe_path = "/alive"')
    bad, good = servers[:2]
    bad.script = lambda connection, arrived: connection.close()
    for _ in range(2):
        exchange(gateway.port, request())

    wait_until(lambda: any(arrived.target == b"/alive" for arrived in bad.requests))

    hosts = {host for server in (bad, good) for arrived in server.requests for host in arrived.values(b"host")}
    assert hosts == {f"{NAME}:{port}".encode()}
    assert health(gateway)["replicas"] == {f"127.0.0.2:{port}": False, f"127.0.0.3:{port}": True}


def test_certificate_is_checked_for_the_name_at_each_address(start_named, name, port, tmp_path):
    AUTHORITY.cert_pem.write_to_path(tmp_path / "ca.pem")
    secure = [TlsUpstream(certificate(NAME), port, address) for address in ADDRESSES[:2]]
    name(*ADDRESSES[:2])
    gateway = start_named('ca_file = "ca.pem"', scheme="https")

    assert ask(gateway, 4) == {200: 4}

    for server in secure:
        server.close()
    assert [server.names for server in secure] == [[NAME], [NAME]]


def test_new_address_gets_its_share_of_requests(start_named, servers, name, port):
    name(*ADDRESSES[:1])
    gateway = start_named()
    ask(gateway, 3)

    name(*ADDRESSES[:2])
    wait_for_replicas(gateway, port, *ADDRESSES[:2])
    ask(gateway, 10)

    assert numbers(servers) == [8, 5, 0]


def test_removed_address_completes_its_requests_and_gets_no_more(start_named, servers, name, port):
    going, staying = servers[:2]
    released = threading.Event()

    def hold_slow_ones(connection, arrived):
        if arrived.target == b"/slow":
            released.wait(8)
        connection.send(OK)

    going.script = hold_slow_ones
    name(ADDRESSES[0])
    gateway = start_named("breaker_failures = 1000")
    with Client(gateway.port) as client:
        client.send(request(target="/slow"))
        wait_until(lambda: going.requests)
        ask(gateway, 1)
        busy, idle = going.connections

        name(ADDRESSES[1])
        wait_for_replicas(gateway, port, ADDRESSES[1])
        wait_until(lambda: is_closed(idle))
        assert not is_closed(busy)
        released.set()

        assert client.read().status == 200
    wait_until(lambda: is_closed(busy))
    assert ask(gateway, 5) == {200: 5}
    assert numbers([going, staying]) == [2, 5]


@pytest.mark.timing
def test_failed_or_hanging_look_up_keeps_the_addresses(start_named, servers, name, port):
    name(*ADDRESSES[:2])
    gateway = start_named()
    ask(gateway, 2)

    for addresses in ([], ["hangs"]):
        name(*addresses)
        time.sleep(1.5)
        started_at = time.monotonic()
        assert ask(gateway, 6) == {200: 6}
        assert time.monotonic() - started_at < 1

    assert numbers(servers) == [7, 7, 0]


@pytest.mark.timing
def test_unknown_name_is_unreachable_at_once_until_it_resolves(start_named, servers, name):
    gateway = start_named("breaker_failures = 1000")

    for _ in range(3):
        started_at = time.monotonic()
        got = exchange(gateway.port, request("POST"))
        assert time.monotonic() - started_at < 0.5
        assert got.status == 503
        assert json.loads(got.body)["type"] == "urn:problem:upstream_unreachable"
    assert "Name or service not known" in health(gateway)["last_error"]

    name(ADDRESSES[0])
    wait_until(lambda: exchange(gateway.port, request("POST")).status == 200)


@pytest.mark.timing
def test_only_the_first_request_waits_briefly_for_a_hanging_look_up(start_named, servers, name):
    name("hangs")
    gateway = start_named("connect_timeout = 0.5")

    seconds = []
    for _ in range(3):
        started_at = time.monotonic()
        assert exchange(gateway.port, request()).status == 503
        seconds.append(time.monotonic() - started_at)

    assert 0.4 < seconds[0] < 1
    assert max(seconds[1:]) < 0.3


def test_unknown_name_opens_the_circuit(start_named, servers, name):
    gateway = start_named("breaker_failures = 2")

    ask(gateway, 2)

    assert health(gateway)["circuit"] == "open"


def test_localhost_is_one_server(start_named, port):
    server = Upstream(port)
    gateway = start_named(host="localhost")

    assert ask(gateway, 4) == {200: 4}

    assert health(gateway)["replicas"] == {f"localhost:{port}": True}
    server.close()
