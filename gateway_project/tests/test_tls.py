"""Upstreams with https URLs: their certificates are checked, and all else is as without TLS."""

import contextlib
import json
import socket
import subprocess
import threading
import time

import pytest

from tests.client import Client, exchange, request
from tests.process import configuration, free_port
from tests.tls import AUTHORITY, STRANGER, TlsUpstream, certificate, end, expired
from tests.upstream import OK, Upstream

LARGE = bytes(range(256)) * 16_384  # 4 MiB


@pytest.fixture(scope="module")
def ca_file(tmp_path_factory):
    file = tmp_path_factory.mktemp("authority") / "ca.pem"
    file.write_bytes("# Übungsstelle\n".encode() + AUTHORITY.cert_pem.bytes())
    return file


@pytest.fixture
def secure():
    """An upstream with a certificate for localhost."""
    with running() as upstream:
        yield upstream


@contextlib.contextmanager
def running(*args, **kwargs):
    upstream = TlsUpstream(*args, **kwargs)
    try:
        yield upstream
    finally:
        upstream.close()


@pytest.fixture
def start_secure(start, ca_file):
    """Start a gateway that trusts our authority."""

    def start_gateway(*urls, upstream="", route=""):
        return start(configuration(*urls, upstream=f'ca_file = "{ca_file}"\n{upstream}', route=route))

    return start_gateway


def wait_until(condition, seconds=8):
    ends_at = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends_at
        time.sleep(0.05)


def health(gateway):
    return json.loads(exchange(gateway.port, request(target="/health")).body)["upstreams"]["any"]


def test_requests_are_forwarded_over_tls(start_secure, secure):
    gateway = start_secure(secure.url)

    got = exchange(gateway.port, request("POST", "/%2F?", body=b"{}"))

    (arrived,) = secure.requests
    assert (got.status, got.body) == (200, b"ok")
    assert (arrived.line, arrived.body) == (b"POST /%2F? HTTP/1.1", b"{}")
    assert arrived.values(b"Host") == [b"example.org"]  # the client's
    assert (secure.names, secure.protocols) == (["localhost"], ["http/1.1"])


def test_an_address_needs_no_name(start_secure):
    with running(certificate("127.0.0.1")) as upstream:
        gateway = start_secure(f"https://127.0.0.1:{upstream.port}")

        assert exchange(gateway.port, request()).status == 200
        assert upstream.names == [None]


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (expired, "certificate has expired"),
        (lambda: certificate("elsewhere.example"), "Hostname mismatch"),
        (lambda: certificate(authority=STRANGER), "unable to get local issuer certificate"),
    ],
    ids=["expired", "of another host", "of an unknown authority"],
)
def test_certificate_that_is_not_trusted_is_a_problem(start_secure, make, reason):
    with running(make()) as upstream:
        gateway = start_secure(upstream.url)

        got = exchange(gateway.port, request("POST", "/", body=b"secret"))

        problem = json.loads(got.body)
        assert (got.status, problem["type"]) == (502, "urn:problem:upstream_tls_failed")
        assert reason in problem["detail"]
        assert upstream.requests == []
        assert reason in health(gateway)["last_error"]
        (line,) = [json.loads(line) for line in gateway.log_lines if "Upstream failed" in line]
        assert reason in line["reason"]


def test_self_signed_certificate_is_refused_unless_it_is_in_the_file(start, tmp_path):
    key, leaf = str(tmp_path / "key.pem"), str(tmp_path / "self.pem")
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=localhost"
    arguments = ["-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", leaf]
    subprocess.run([*command.split(), *arguments], check=True, capture_output=True)

    class SelfSigned:
        @staticmethod
        def configure_cert(context):
            context.load_cert_chain(leaf, key)

    with running(SelfSigned) as upstream:
        strict = start(configuration(upstream.url))
        pinned = start(configuration(upstream.url, upstream='ca_file = "self.pem"'))

        refused, accepted = exchange(strict.port, request()), exchange(pinned.port, request())

    assert (refused.status, accepted.status) == (502, 200)
    assert "self-signed certificate" in json.loads(refused.body)["detail"]


def test_without_a_file_the_authorities_of_the_system_are_trusted(start, secure, ca_file):
    stranger = start(configuration(secure.url))
    friend = start(configuration(secure.url), SSL_CERT_FILE=str(ca_file))

    assert [exchange(gateway.port, request()).status for gateway in (stranger, friend)] == [502, 200]


def test_another_replica_is_asked_if_a_certificate_is_refused(start_secure, secure):
    with running(expired()) as other:
        gateway = start_secure(other.url, secure.url)

        assert [exchange(gateway.port, request("POST")).status for _ in range(4)] == [200] * 4
        assert list(health(gateway)["replicas"].values()) == [False, True]


def test_server_without_tls_is_a_problem(start_secure):
    plain = Upstream()
    plain._serve = lambda connection: connection.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    gateway = start_secure(f"https://localhost:{plain.port}")

    got = exchange(gateway.port, request())

    plain.close()
    assert (got.status, json.loads(got.body)["type"]) == (502, "urn:problem:upstream_tls_failed")


def test_handshake_that_stalls_is_unreachable_in_time(start_secure):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        gateway = start_secure(f"https://localhost:{silent.getsockname()[1]}", upstream="connect_timeout = 0.3")

        started_at = time.monotonic()
        got = exchange(gateway.port, request())

    assert (got.status, json.loads(got.body)["detail"]) == (503, "No TLS connection to the upstream in time.")
    assert time.monotonic() - started_at < 3


def test_connection_that_ends_before_tls_is_unreachable_and_tried_again(start_secure, secure):
    accepted = []
    real = secure._serve

    def close_twice(connection):
        accepted.append(connection)
        connection.reset() if len(accepted) == 1 else connection.close() if len(accepted) == 2 else real(connection)

    secure._serve = close_twice
    gateway = start_secure(secure.url)

    assert exchange(gateway.port, request("POST", body=b"{}")).status == 200
    assert len(accepted) == 3


def test_connections_are_kept_and_reused(start_secure, secure):
    gateway = start_secure(secure.url)

    for _ in range(3):
        assert exchange(gateway.port, request()).status == 200

    assert [arrived.connection for arrived in secure.requests] == [0, 0, 0]


@pytest.mark.parametrize("close", [end, lambda connection: connection.close()], ids=["with alert", "without"])
def test_connection_that_the_upstream_has_closed_is_not_reused(start_secure, secure, close):
    gateway = start_secure(secure.url)

    for number in range(3):
        assert exchange(gateway.port, request("POST")).status == 200
        with contextlib.suppress(OSError):
            close(secure.connections[number])
        time.sleep(0.1)

    assert [arrived.connection for arrived in secure.requests] == [0, 1, 2]


def test_connection_with_data_that_nobody_asked_for_is_not_reused(start_secure, secure):
    gateway = start_secure(secure.url)
    exchange(gateway.port, request())
    secure.connections[0].send(OK)
    time.sleep(0.1)

    exchange(gateway.port, request())

    assert [arrived.connection for arrived in secure.requests] == [0, 1]


def test_records_without_data_do_not_end_a_connection(start_secure, tmp_path):
    certificate().private_key_and_cert_chain_pem.write_to_path(tmp_path / "server.pem")
    port = free_port()
    command = ["openssl", "s_server", "-accept", str(port), "-cert", "server.pem", "-naccept", "1"]
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
            gateway = start_secure(f"https://localhost:{port}", upstream="breaker_failures = 9")
            for _ in range(2):
                with Client(gateway.port) as client:
                    client.send(request())
                    assert read_until(b"X-Request-ID")
                    server.stdin.write(OK)
                    assert client.read().body == b"ok"
                time.sleep(0.2)
                server.stdin.write(b"k\n")  # changes the key
                time.sleep(0.2)
        finally:
            watchdog.cancel()
            server.kill()


def test_large_bodies_pass_in_both_directions(start_secure, secure):
    gateway = start_secure(secure.url, route="request_buffering = false")

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
        sender = threading.Thread(target=client.send, args=(request("POST", body=LARGE),))
        sender.start()
        got = client.read()
        sender.join()

    assert (got.complete, got.body == LARGE) == (True, True)


def test_upstream_that_does_not_take_a_body_is_too_slow(start_secure, secure):
    gateway = start_secure(secure.url, route="request_buffering = false")
    released = threading.Event()
    secure.on_head = lambda connection, arrived: released.wait(10)

    got = exchange(gateway.port, request("POST", body=LARGE * 4))

    released.set()
    assert (got.status, json.loads(got.body)["type"]) == (504, "urn:problem:upstream_timeout")


def test_body_that_is_too_large_ends_the_request(start_secure, secure):
    gateway = start_secure(secure.url, route='request_buffering = false\nmax_body = "10 B"')

    got = exchange(gateway.port, request("POST", "/", "Transfer-Encoding: chunked") + b"14\r\n" + b"x" * 20 + b"\r\n")

    assert (got.status, json.loads(got.body)["type"]) == (413, "urn:problem:body_too_large")


@pytest.mark.parametrize(("close", "is_complete"), [(end, True), (lambda connection: connection.close(), False)])
def test_body_that_ends_with_the_connection_is_whole_only_with_an_alert(start_secure, secure, close, is_complete):
    gateway = start_secure(secure.url)

    def answer(connection, arrived):
        connection.send(b"HTTP/1.1 200 OK\r\n\r\nhello")
        with contextlib.suppress(OSError):
            close(connection)

    secure.script = answer

    got = exchange(gateway.port, request())

    assert (got.status, got.body, got.complete) == (200, b"hello", is_complete)


def test_response_is_read_after_the_upstream_has_stopped_reading(start_secure, secure):
    gateway = start_secure(secure.url, route="request_buffering = false")

    def refuse(connection, arrived):
        connection.send(b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno")
        connection.socket.shutdown(socket.SHUT_WR)

    secure.on_head = refuse

    got = exchange(gateway.port, request("POST", body=b"x" * 1000))

    assert (got.status, got.body) == (413, b"no")


def test_replica_is_probed_over_tls(start_secure, secure):
    port = free_port()
    gateway = start_secure(secure.url, f"https://localhost:{port}", upstream='probe_path = "/alive"')
    for _ in range(2):
        assert exchange(gateway.port, request()).status == 200
    assert health(gateway)["replicas_in_use"] == 1

    with running(port=port) as other:
        wait_until(lambda: health(gateway)["replicas_in_use"] == 2, seconds=20)

        assert other.requests[0].target == b"/alive"
