"""The worker under gunicorn, with an application that says which request it answers."""

import contextlib
import os
import socket
import subprocess
import sys
import time

import pytest
from worker_client import ask, connect

THREADS = 2
APPLICATION = """
import json
import time

from django.conf import settings
from speedups.worker import SharedPollWorker

settings.configure()  # problems are Django's answers

class SmallWorker(SharedPollWorker):
    most_unfinished_bytes = 1_000_000

class FailingWorker(SharedPollWorker):
    def handle(self, connection, request):
        if not hasattr(connection, "has_failed"):
            connection.has_failed = True
            if 0 < self.nr <= 5:  # the first request is that of the start
                self.nr += 1
                raise RuntimeError("injected")
        return super().handle(connection, request)

def broken(start_response, pieces):
    start_response("200 OK", [("Content-Length", "9")])
    yield from pieces
    raise RuntimeError("injected")

served = []

def application(environ, start_response):
    served.append(environ["PATH_INFO"])
    if environ["PATH_INFO"].startswith("/broken"):
        return broken(start_response, [b"abc"] if environ["PATH_INFO"] == "/broken-late" else [])
    time.sleep({"/new": 0.02, "/busy": 0.02, "/slow": 1, "/slower": 5}.get(environ["PATH_INFO"], 0))
    body = environ["PATH_INFO"].encode() + environ["wsgi.input"].read()
    if environ["PATH_INFO"] == "/environ":
        body = json.dumps({name: value for name, value in environ.items() if isinstance(value, str)}).encode()
    if environ["PATH_INFO"] == "/served":
        body = " ".join(served).encode()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]
"""


@pytest.fixture
def start(tmp_path):
    """Start one process with two threads: ``start(*options)`` returns its port."""
    (tmp_path / "app.py").write_text(APPLICATION)
    processes = []

    def start(*options):
        with socket.socket() as reserved:
            reserved.bind(("127.0.0.1", 0))
            port = reserved.getsockname()[1]
        command = [sys.executable, "-m", "gunicorn", "app:application", f"--bind=127.0.0.1:{port}"]
        command += ["--worker-class=speedups.worker.SharedPollWorker", f"--threads={THREADS}"]
        command += ["--keep-alive=5", "--no-control-socket", *options]
        environment = os.environ
        processes.append(subprocess.Popen(command, cwd=tmp_path, env=environment))
        ends_at = time.monotonic() + 20
        while True:
            try:
                with connect(port) as client:
                    ask(client)
            except (ConnectionError, EOFError):  # it does not listen yet, or ends with whoever has connected
                assert processes[-1].poll() is None
                assert time.monotonic() < ends_at
                time.sleep(0.05)
            else:
                return port

    yield start
    for process in processes:
        process.terminate()
        process.wait(20)


@pytest.fixture
def connect_many():
    """Open connections that are closed after the test."""
    with contextlib.ExitStack() as stack:
        yield lambda port, number: [stack.enter_context(connect(port)) for _ in range(number)]
