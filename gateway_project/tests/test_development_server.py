"""``manage.py runserver`` forwards requests, with the path that WSGI has decoded."""

import os
import signal
import subprocess
import sys
import time

import pytest

from tests.client import exchange, request
from tests.process import PROJECT, configuration, free_port


@pytest.fixture(scope="module")
def port(tmp_path_factory, session_upstream):
    file = tmp_path_factory.mktemp("gateway") / "gateway.toml"
    file.write_text(configuration(session_upstream.url))
    environment = {name: value for name, value in os.environ.items() if name not in ("SECRET_KEY", "DEBUG")}
    number = free_port()
    server = subprocess.Popen(
        [sys.executable, "manage.py", "runserver", "--noreload", str(number)],
        cwd=PROJECT,
        env=environment | {"GATEWAY_CONFIG": str(file)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    ends_at = time.monotonic() + 60
    while True:
        try:
            exchange(number, request(target="/health"))
            break
        except OSError:
            assert time.monotonic() < ends_at
            time.sleep(0.1)
    yield number
    os.killpg(server.pid, signal.SIGTERM)
    server.wait(5)


def test_requests_and_responses_are_forwarded(port, upstream):
    got = exchange(port, request("POST", "/a%2Fb/%C3%A9?x=%20", "X-Custom: 1", body=b"hello"))

    assert (got.status, got.body) == (200, b"ok")
    (arrived,) = upstream.requests
    assert arrived.line == b"POST /a/b/%C3%A9?x=%20 HTTP/1.1"
    assert (arrived.body, arrived.values(b"X-Custom"), arrived.values(b"Host")) == (
        b"hello",
        [b"1"],
        [b"example.org"],
    )


def test_pages_of_the_gateway_itself_are_served(port):
    assert exchange(port, request(target="/health/ready")).status == 200
