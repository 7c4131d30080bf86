"""An upstream given by a host name uses all its current addresses; no request waits for a DNS look-up."""

import contextlib
import json
import os
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.client import Client, exchange, request
from tests.process import configuration, free_port, started, wait_for
from tests.tls import AUTHORITY, TlsUpstream, certificate
from tests.upstream import OK, Upstream

FOLDER = Path(__file__).parent / "name_server"
ADDRESSES = ("127.0.0.2", "127.0.0.3", "127.0.0.4")
NOTICED_SECONDS = 4.0  # time to notice a change: one look-up a second, on a busy machine

# The cases by the paths of their routes: the addresses of NAME.test at the start, and settings of the upstream.
PATIENT = "read_timeout = 8.0\n"
CASES = {
    "every": (ADDRESSES, PATIENT),
    "host": (ADDRESSES[:2], f'{PATIENT}preserve_host = false\nprobe_path = "/alive"'),
    "secure": (ADDRESSES[:2], f'{PATIENT}ca_file = "ca.pem"'),
    "growing": (ADDRESSES[:1], PATIENT),
    "moving": (ADDRESSES[:1], f"{PATIENT}breaker_failures = 1000"),
    "failing": (ADDRESSES[:2], PATIENT),
    "stalling": (ADDRESSES[:2], PATIENT),
    "late": ((), f"{PATIENT}breaker_failures = 1000"),
    "hanging": (("hangs",), f"{PATIENT}connect_timeout = 0.5"),
    "unknown": ((), f"{PATIENT}breaker_failures = 2"),
}


@pytest.fixture(scope="module")
def ports():
    return {case: free_port() for case in (*CASES, "local")}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("gateway")
    AUTHORITY.cert_pem.write_to_path(folder / "ca.pem")
    return folder


@pytest.fixture(scope="module")
def set_addresses(folder):
    """Set the addresses of the name of a case: ``set_addresses("every", "127.0.0.2", "127.0.0.3")``."""
    addresses = {}

    def become(case, *new):
        addresses[case] = new
        file = folder / "new.txt"
        file.write_text("".join(" ".join([f"{case}.test", *of]) + "\n" for case, of in addresses.items()))
        file.replace(folder / "names.txt")

    for case, (first, _) in CASES.items():
        become(case, *first)
    return become


@pytest.fixture(scope="module")
def gateway(set_addresses, ports, folder):
    """A gateway with an upstream for each case, given by a host name."""
    settings = [configuration(f"http://localhost:{ports['local']}", name="local", upstream=PATIENT)]
    for case, (_, upstream) in CASES.items():
        scheme = "https" if "ca_file" in upstream else "http"
        settings.append(configuration(f"{scheme}://{case}.test:{ports[case]}", name=case, upstream=upstream))
    environment = {
        "PYTHONPATH": os.pathsep.join([str(FOLDER), os.environ.get("PYTHONPATH", "")]),
        "NAMES_FILE": str(folder / "names.txt"),
    }
    with started(folder, "".join(settings), **environment) as gateway:
        yield gateway


@contextlib.contextmanager
def servers_of(port, make=Upstream):
    """Run a server at each address."""
    servers = [make(port, address) for address in ADDRESSES]
    try:
        yield servers
    finally:
        for server in servers:
            server.close()


def health(gateway, case):
    return json.loads(exchange(gateway.port, request(target="/health")).body)["upstreams"][case]


def wait_until(condition):
    wait_for(condition, NOTICED_SECONDS)


def wait_for_replicas(gateway, case, port, *addresses):
    expected = {f"{address}:{port}" for address in addresses}
    wait_until(lambda: set(health(gateway, case)["replicas"]) == expected)


def is_closed(connection):
    """Return whether the server has closed its socket, which it does after the gateway."""
    return connection.socket.fileno() == -1


def send(gateway, case, number):
    return Counter(exchange(gateway.port, request("POST", f"/{case}")).status for _ in range(number))


def numbers(servers):
    return [len(server.requests) for server in servers]


def test_first_request_can_use_every_address(gateway, ports):
    port = ports["every"]
    with servers_of(port) as servers:
        assert send(gateway, "every", 30) == {200: 30}

        assert numbers(servers) == [10, 10, 10]
        assert health(gateway, "every")["replicas"] == {f"{address}:{port}": True for address in ADDRESSES}


def test_name_is_the_host_of_requests_and_probes(gateway, ports):
    port = ports["host"]
    with servers_of(port) as (bad, good, _):
        bad.script = lambda connection, arrived: connection.close()
        for _ in range(2):
            exchange(gateway.port, request(target="/host"))

        wait_until(lambda: any(arrived.target == b"/alive" for arrived in bad.requests))

        hosts = {host for server in (bad, good) for arrived in server.requests for host in arrived.values(b"host")}
        assert hosts == {f"host.test:{port}".encode()}
        assert health(gateway, "host")["replicas"] == {f"127.0.0.2:{port}": False, f"127.0.0.3:{port}": True}


def test_certificate_is_checked_for_the_name_at_each_address(gateway, ports):
    leaf = certificate("secure.test")
    with servers_of(ports["secure"], lambda port, address: TlsUpstream(leaf, port, address)) as secure:
        assert send(gateway, "secure", 4) == {200: 4}

    assert [server.names for server in secure] == [["secure.test"], ["secure.test"], []]


def test_new_address_gets_its_share_of_requests(gateway, ports, set_addresses):
    with servers_of(ports["growing"]) as servers:
        send(gateway, "growing", 3)

        set_addresses("growing", *ADDRESSES[:2])
        wait_for_replicas(gateway, "growing", ports["growing"], *ADDRESSES[:2])
        send(gateway, "growing", 10)

        assert numbers(servers) == [8, 5, 0]


def test_removed_address_completes_its_requests_and_gets_no_more(gateway, ports, set_addresses):
    released = threading.Event()

    def hold_slow_ones(connection, arrived):
        if arrived.target == b"/moving/slow":
            released.wait(8)
        connection.send(OK)

    with servers_of(ports["moving"]) as (going, staying, _):
        going.script = hold_slow_ones
        with Client(gateway.port) as client:
            client.send(request(target="/moving/slow"))
            wait_until(lambda: going.requests)
            send(gateway, "moving", 1)
            busy, idle = going.connections

            set_addresses("moving", ADDRESSES[1])
            wait_for_replicas(gateway, "moving", ports["moving"], ADDRESSES[1])
            wait_until(lambda: is_closed(idle))
            assert not is_closed(busy)
            released.set()

            assert client.read().status == 200
        wait_until(lambda: is_closed(busy))
        assert send(gateway, "moving", 5) == {200: 5}
        assert numbers([going, staying]) == [2, 5]


@pytest.mark.timing
def test_failed_or_hanging_look_up_keeps_the_addresses(gateway, ports, set_addresses):
    with servers_of(ports["failing"]) as failing, servers_of(ports["stalling"]) as stalling:
        for case in ("failing", "stalling"):
            send(gateway, case, 2)

        set_addresses("failing")
        set_addresses("stalling", "hangs")
        time.sleep(1.5)
        for case in ("failing", "stalling"):
            started_at = time.monotonic()
            assert send(gateway, case, 6) == {200: 6}
            assert time.monotonic() - started_at < 1

        assert numbers(failing) == numbers(stalling) == [4, 4, 0]


@pytest.mark.timing
def test_unknown_name_is_unreachable_at_once_until_it_resolves(gateway, ports, set_addresses):
    with servers_of(ports["late"]):
        for _ in range(3):
            started_at = time.monotonic()
            got = exchange(gateway.port, request("POST", "/late"))
            assert time.monotonic() - started_at < 0.5
            assert got.status == 503
            assert json.loads(got.body)["type"] == "urn:problem:upstream_unreachable"
        assert "Name or service not known" in health(gateway, "late")["last_error"]

        set_addresses("late", ADDRESSES[0])
        wait_until(lambda: exchange(gateway.port, request("POST", "/late")).status == 200)


@pytest.mark.timing
def test_only_the_first_request_waits_briefly_for_a_hanging_look_up(gateway):
    seconds = []
    for _ in range(3):
        started_at = time.monotonic()
        assert exchange(gateway.port, request(target="/hanging")).status == 503
        seconds.append(time.monotonic() - started_at)

    assert 0.4 < seconds[0] < 1
    assert max(seconds[1:]) < 0.3


def test_unknown_name_opens_the_circuit(gateway):
    send(gateway, "unknown", 2)

    assert health(gateway, "unknown")["circuit"] == "open"


def test_localhost_is_one_server(gateway, ports):
    server = Upstream(ports["local"])

    assert send(gateway, "local", 4) == {200: 4}

    assert health(gateway, "local")["replicas"] == {f"localhost:{ports['local']}": True}
    server.close()
