"""The pool of idle connections to a replica."""

import socket
import time

import pytest

from proxy.routes import UpstreamSettings
from proxy.upstreams.replica import Replica, Server


@pytest.fixture
def now(monkeypatch):
    """The clock of the pool, which tests move."""
    clock = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    return clock


def test_connections_that_are_idle_for_too_long_are_closed(now):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        one = Replica(UpstreamSettings("a", (f"http://127.0.0.1:{port}",)), Server("127.0.0.1", port))
        burst = [one.connect() for _ in range(20)]
        for each in burst:
            one.release(each)

        now[0] += 59
        last = one.acquire(is_retryable=True)
        now[0] += 2
        one.release(last)

        assert [each.stream.socket.fileno() == -1 for each in burst] == [True] * 19 + [False]
        assert one.acquire(is_retryable=True) is last
        last.close()
