import os
import socket
import subprocess
import sys

import pytest

from devservers import ports
from devservers.ports import find_free_port, holder_of


def test_each_call_returns_a_different_port(monkeypatch):
    monkeypatch.setattr(ports, "_NON_EPHEMERAL_PORTS", range(29_000, 29_050))

    found = [find_free_port() for _ in range(20)]

    assert len(set(found)) == 20


def test_busy_port_is_not_returned(monkeypatch):
    with socket.create_server(("127.0.0.1", find_free_port())) as busy:
        port = busy.getsockname()[1]
        monkeypatch.setattr(ports, "_returned", set())
        monkeypatch.setattr(ports, "_NON_EPHEMERAL_PORTS", range(port, port + 1))

        with pytest.raises(OSError, match="No port"):
            find_free_port()


def test_holder_of_a_port_is_the_server_and_not_its_worker():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        code = "import sys; print(flush=True); sys.stdin.read()"
        worker = subprocess.Popen(
            [sys.executable, "-c", code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=[listening.fileno()],
        )
        worker.stdout.readline()

        holder = holder_of(listening.getsockname()[1])
        worker.communicate()

    assert f"(pid {os.getpid()})" in holder
