"""Upstreams with https URLs: certificates are verified; everything else works as without TLS."""

import contextlib
import json
import socket
import subprocess
import threading
import time
from contextlib import ExitStack

import pytest

from portal.fetch import FetchError, fetch
from proxy.routes import UpstreamSettings
from proxy.upstreams.replica import Replica, Server
from proxy.upstreams.tls import client_context
from proxy.values import ca_file
from tests.client import Client, exchange, request
from tests.process import configuration, free_port, started, wait_for
from tests.tls import AUTHORITY, OTHER_AUTHORITY, TlsUpstream, certificate, close_with_alert, expired
from tests.upstream import OK, Upstream

LARGE = bytes(range(256)) * 16_384  # 4 MiB


REFUSED = {
    "expired": "certificate has expired",
    "elsewhere": "Hostname mismatch",
    "other_authority": "unable to get local issuer certificate",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The folder of the routes file, with the certificates of two authorities and a self-signed one."""
    folder = tmp_path_factory.mktemp("gateway")
    OTHER_AUTHORITY.cert_pem.write_to_path(folder / "system.pem")
    (folder / "ca.pem").write_bytes("# Übungsstelle\n".encode() + AUTHORITY.cert_pem.bytes())
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=localhost"
    arguments = ["-addext", "subjectAltName=DNS:localhost", "-keyout", "key.pem", "-out", "self.pem"]
    subprocess.run([*command.split(), *arguments], cwd=folder, check=True, capture_output=True)
    return folder


class SelfSigned:
    def __init__(self, folder):
        self.folder = folder

    def configure_cert(self, context):
        context.load_cert_chain(self.folder / "self.pem", self.folder / "key.pem")


@pytest.fixture(scope="module")
def upstreams(folder):
    """Upstreams by their kind of certificate; that of ``secure`` is for localhost."""
    with ExitStack() as stack:
        certificates = {
            "secure": certificate(),
            "address": certificate("127.0.0.1"),
            "expired": expired(),
            "elsewhere": certificate("elsewhere.example"),
            "other_authority": certificate(authority=OTHER_AUTHORITY),
            "self_signed": SelfSigned(folder),
        }
        yield {name: stack.enter_context(running(leaf)) for name, leaf in certificates.items()}


@pytest.fixture
def secure(upstreams):
    upstreams["secure"].reset()
    return upstreams["secure"]


@contextlib.contextmanager
def running(*args, **kwargs):
    upstream = TlsUpstream(*args, **kwargs)
    try:
        yield upstream
    finally:
        upstream.close()


def trusting(*urls, upstream="", **more):
    """Return a routes file with one route, whose upstream is verified with ``AUTHORITY``."""
    return configuration(*urls, upstream=f'ca_file = "ca.pem"\n{upstream}', **more)


@pytest.fixture(scope="module")
def ports():
    """Ports without a listener until a test starts one."""
    return {"records": free_port(), "probed": free_port(), "plain": free_port(), "silent": free_port()}


@pytest.fixture(scope="module")
def gateway(folder, upstreams, ports):
    """A gateway with a route to each of the upstreams; all other paths lead to ``secure``.

    ``OTHER_AUTHORITY`` is the only authority that its system trusts.
    """
    urls = {name: upstream.url for name, upstream in upstreams.items()}
    urls |= {name: f"https://localhost:{port}" for name, port in ports.items()}
    secure = urls["secure"]
    streaming = "request_buffering = false"
    routes = [
        trusting(secure, upstream="breaker_failures = 1000"),
        trusting(secure, name="streaming", route=streaming),
        trusting(secure, name="large", route=streaming, upstream="read_timeout = 20.0"),
        trusting(secure, name="small", route=f'{streaming}\nmax_body = "10 B"'),
        trusting(f"https://127.0.0.1:{upstreams['address'].port}", name="address"),
        *[trusting(urls[name], name=name) for name in (*REFUSED, "plain")],
        trusting(urls["expired"], secure, name="replicas"),
        trusting(secure, urls["probed"], name="probed", upstream='probe_path = "/alive"'),
        trusting(urls["silent"], name="silent", upstream="connect_timeout = 0.3"),
        trusting(urls["records"], name="records", upstream="breaker_failures = 9"),
        configuration(secure, name="without_file"),
        configuration(urls["other_authority"], name="system"),
        configuration(urls["self_signed"], name="self_signed"),
        configuration(urls["self_signed"], name="pinned", upstream='ca_file = "self.pem"'),
    ]
    with started(folder, "".join(routes), SSL_CERT_FILE=str(folder / "system.pem")) as gateway:
        yield gateway


def health(gateway, name):
    return json.loads(exchange(gateway.port, request(target="/health")).body)["upstreams"][name]


def test_requests_are_forwarded_over_tls(gateway, secure):
    got = exchange(gateway.port, request("POST", "/%2F?", body=b"{}"))

    (arrived,) = secure.requests
    assert (got.status, got.body) == (200, b"ok")
    assert (arrived.line, arrived.body) == (b"POST /%2F? HTTP/1.1", b"{}")
    assert arrived.values(b"Host") == [b"example.org"]  # sent by the client
    assert (secure.names, secure.protocols) == (["localhost"], ["http/1.1"])


def test_server_name_is_not_sent_for_an_ip_address(gateway, upstreams):
    assert exchange(gateway.port, request(target="/address")).status == 200
    assert upstreams["address"].names == [None]


@pytest.mark.parametrize("name", REFUSED)
def test_untrusted_certificate_is_a_problem(gateway, upstreams, name):
    gateway.begin_log()
    upstreams[name].reset()

    got = exchange(gateway.port, request("POST", f"/{name}", body=b"secret"))

    problem = json.loads(got.body)
    assert (got.status, problem["type"]) == (502, "urn:problem:upstream_tls_failed")
    assert REFUSED[name] in problem["detail"]
    assert upstreams[name].requests == []
    assert REFUSED[name] in health(gateway, name)["last_error"]
    (line,) = [json.loads(line) for line in gateway.log_lines if "Upstream failed" in line]
    assert REFUSED[name] in line["reason"]


@pytest.mark.parametrize("name", REFUSED)
def test_health_check_of_the_portal_reports_an_untrusted_certificate(upstreams, folder, name):
    settings = UpstreamSettings("a", (upstreams[name].url,), ca_file(folder, "ca.pem"))
    replica = Replica(settings, Server("localhost", upstreams[name].port, client_context(settings)))

    with pytest.raises(FetchError, match=REFUSED[name]):
        fetch(replica, "/", seconds=5)


def test_self_signed_certificate_is_refused_unless_it_is_in_the_file(gateway):
    refused, accepted = [exchange(gateway.port, request(target=target)) for target in ("/self_signed", "/pinned")]

    assert (refused.status, accepted.status) == (502, 200)
    assert "self-signed certificate" in json.loads(refused.body)["detail"]


def test_without_a_file_the_authorities_of_the_system_are_trusted(gateway):
    assert exchange(gateway.port, request(target="/without_file")).status == 502
    assert exchange(gateway.port, request(target="/system")).status == 200


def test_request_goes_to_another_replica_if_a_certificate_is_refused(gateway, secure):
    assert [exchange(gateway.port, request("POST", "/replicas")).status for _ in range(4)] == [200] * 4
    assert list(health(gateway, "replicas")["replicas"].values()) == [False, True]


def test_server_without_tls_is_a_problem(gateway, ports):
    plain = Upstream(ports["plain"])
    plain._serve = lambda connection: connection.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    got = exchange(gateway.port, request(target="/plain"))

    plain.close()
    assert (got.status, json.loads(got.body)["type"]) == (502, "urn:problem:upstream_tls_failed")


def test_stalled_handshake_times_out_as_unreachable(gateway, ports):
    with socket.create_server(("127.0.0.1", ports["silent"])):
        started_at = time.monotonic()
        got = exchange(gateway.port, request(target="/silent"))

    assert (got.status, json.loads(got.body)["detail"]) == (503, "No TLS connection to the upstream in time.")
    assert time.monotonic() - started_at < 3


def test_connection_that_ends_before_tls_is_retried(gateway, secure, monkeypatch):
    accepted = []
    real = secure._serve

    def close_twice(connection):
        accepted.append(connection)
        connection.reset() if len(accepted) == 1 else connection.close() if len(accepted) == 2 else real(connection)

    monkeypatch.setattr(secure, "_serve", close_twice)

    assert exchange(gateway.port, request("POST", body=b"{}")).status == 200
    assert len(accepted) == 3


def test_connections_are_kept_and_reused(gateway, secure):
    for _ in range(3):
        assert exchange(gateway.port, request()).status == 200

    assert [arrived.connection for arrived in secure.requests] == [0, 0, 0]


@pytest.mark.parametrize(
    "close", [close_with_alert, lambda connection: connection.close()], ids=["with alert", "without"]
)
def test_connection_that_the_upstream_has_closed_is_not_reused(gateway, secure, close):
    for number in range(3):
        assert exchange(gateway.port, request("POST")).status == 200
        with contextlib.suppress(OSError):
            close(secure.connections[number])
        time.sleep(0.1)

    assert [arrived.connection for arrived in secure.requests] == [0, 1, 2]


def test_connection_with_unrequested_data_is_not_reused(gateway, secure):
    exchange(gateway.port, request())
    secure.connections[0].send(OK)
    time.sleep(0.1)

    exchange(gateway.port, request())

    assert [arrived.connection for arrived in secure.requests] == [0, 1]


def test_records_without_data_do_not_end_a_connection(gateway, ports, tmp_path):
    certificate().private_key_and_cert_chain_pem.write_to_path(tmp_path / "server.pem")
    command = ["openssl", "s_server", "-accept", str(ports["records"]), "-cert", "server.pem", "-naccept", "1"]
    with subprocess.Popen(command, cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0) as server:

        def read_until(text):
            while line := server.stdout.readline():
                if text in line:
                    return True
            return False

        watchdog = threading.Timer(30, server.kill)
        watchdog.start()
        try:
            assert read_until(b"ACCEPT")
            for _ in range(2):
                with Client(gateway.port) as client:
                    client.send(request(target="/records"))
                    assert read_until(b"X-Request-ID")
                    server.stdin.write(OK)
                    assert client.read().body == b"ok"
                time.sleep(0.2)
                server.stdin.write(b"k\n")  # changes the key
                time.sleep(0.2)
        finally:
            watchdog.cancel()
            server.kill()


def test_large_bodies_pass_in_both_directions(gateway, secure):

    def echo(connection, arrived):
        connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        left = len(LARGE)
        while left:
            if not connection.buffer:
                connection.receive()
            piece, connection.buffer = connection.buffer, b""
            left -= len(piece)
            connection.send(b"%x\r\n%b\r\n" % (len(piece), piece))
        connection.send(b"0\r\n\r\n")

    secure.on_head = echo
    with Client(gateway.port) as client:
        sender = threading.Thread(target=client.send, args=(request("POST", "/large", body=LARGE),))
        sender.start()
        got = client.read()
        sender.join()

    assert (got.status, got.complete, got.body == LARGE) == (200, True, True)


def test_upstream_that_does_not_read_a_body_times_out(gateway, secure):
    released = threading.Event()
    secure.on_head = lambda connection, arrived: released.wait(10)

    got = exchange(gateway.port, request("POST", "/streaming", body=LARGE * 4))

    released.set()
    assert (got.status, json.loads(got.body)["type"]) == (504, "urn:problem:upstream_timeout")


def test_too_large_body_ends_the_request(gateway, secure):
    got = exchange(
        gateway.port, request("POST", "/small", "Transfer-Encoding: chunked") + b"14\r\n" + b"x" * 20 + b"\r\n"
    )

    assert (got.status, json.loads(got.body)["type"]) == (413, "urn:problem:body_too_large")


@pytest.mark.parametrize(
    ("close", "is_complete"), [(close_with_alert, True), (lambda connection: connection.close(), False)]
)
def test_body_delimited_by_close_is_complete_only_with_an_alert(gateway, secure, close, is_complete):
    def respond(connection, arrived):
        connection.send(b"HTTP/1.1 200 OK\r\n\r\nhello")
        with contextlib.suppress(OSError):
            close(connection)

    secure.script = respond

    got = exchange(gateway.port, request())

    assert (got.status, got.body, got.complete) == (200, b"hello", is_complete)


def test_response_is_read_after_the_upstream_has_stopped_reading(gateway, secure):

    def refuse(connection, arrived):
        connection.send(b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno")
        connection.socket.shutdown(socket.SHUT_WR)

    secure.on_head = refuse

    got = exchange(gateway.port, request("POST", "/streaming", body=b"x" * 1000))

    assert (got.status, got.body) == (413, b"no")


def test_replica_is_probed_over_tls(gateway, secure, ports):
    for _ in range(2):
        assert exchange(gateway.port, request(target="/probed")).status == 200
    assert health(gateway, "probed")["replicas_in_use"] == 1

    with running(port=ports["probed"]) as other:
        wait_for(lambda: health(gateway, "probed")["replicas_in_use"] == 2, seconds=20)

        assert other.requests[0].target == b"/alive"
