"""The modes in which a service runs a conformance suite, each in a separate process."""

import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.utils.datastructures import CaseInsensitiveMapping

from conformance.cases import Ask, Received

MODES = [f"{server}, speedups {choice}" for server in ("test client", "gunicorn") for choice in ("on", "off")]
START_SECONDS = 60
REQUEST_SECONDS = 30


@contextmanager
def serving(mode: str, project: Path, environment: Mapping[str, str], folder: Path) -> Iterator[Ask]:
    """Run the service ``project`` in one of the ``MODES``.

    Args:
        mode: the server, with or without speedups.
        project: the folder of the service, which has the name of its Django project.
        environment: environment variables in addition to those of this process.
        folder: the folder of the service's log and other files.

    Yields:
        ``ask(method, path, body=None, **headers)``, which sends a request and returns the response. A body that is not
        bytes is sent as JSON. Underscores in the names of headers are sent as hyphens.
    """
    server, _, choice = mode.partition(", speedups ")
    full = {**os.environ, "DATA_DIR": str(folder), "TMPDIR": str(folder), "SPEEDUPS": choice, **environment}
    serve = _test_client if server == "test client" else _gunicorn
    with (folder / "log.txt").open("w+") as log, serve(project, full, log) as send:

        def ask(method: str, path: str, body: Any = None, **headers: str) -> Received:
            content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            if content:
                named.setdefault("Content-Type", "application/json")
            return send(method, path, content, named)

        yield ask


@contextmanager
def _test_client(project: Path, environment: dict[str, str], log: Any) -> Iterator[Ask]:
    command = [sys.executable, "-m", "conformance.in_process"]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, cwd=project, env=environment, stdin=pipe, stdout=pipe, stderr=log, text=True
    ) as process:
        requests, responses = process.stdin, process.stdout
        assert requests  # noqa: S101 - for the type checker
        assert responses  # noqa: S101 - as above

        def send(method: str, path: str, body: bytes, headers: dict[str, str]) -> Received:
            print(json.dumps([method, path, body.decode("latin-1"), headers]), file=requests, flush=True)
            line = responses.readline()
            if not line:
                raise AssertionError(_text(log))
            status, pairs, content = json.loads(line)
            return Received(status, CaseInsensitiveMapping(pairs), content.encode("latin-1"))

        try:
            yield send
        finally:
            requests.close()  # ends the process
            process.wait(REQUEST_SECONDS)


@contextmanager
def _gunicorn(project: Path, environment: dict[str, str], log: Any) -> Iterator[Ask]:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        address: tuple[str, int] = reserved.getsockname()
    # Throttles and caches are per process.
    environment |= {"BIND": f"127.0.0.1:{address[1]}", "WEB_CONCURRENCY": "1"}
    command = [sys.executable, "-m", "gunicorn", f"{project.name}.wsgi"]
    process = subprocess.Popen(command, cwd=project, env=environment, stdout=log, stderr=log)

    def send(method: str, path: str, body: bytes, headers: dict[str, str]) -> Received:
        connection = http.client.HTTPConnection(*address, timeout=REQUEST_SECONDS)
        try:
            connection.request(method, path, body or None, headers)
            response = connection.getresponse()
            return Received(response.status, CaseInsensitiveMapping(response.getheaders()), response.read())
        finally:
            connection.close()

    try:
        _wait_until_ready(process, send, log)
        yield send
    finally:
        process.terminate()
        process.wait(REQUEST_SECONDS)


def _wait_until_ready(process: "subprocess.Popen[bytes]", send: Ask, log: Any) -> None:
    ends_at = time.monotonic() + START_SECONDS
    while True:
        try:
            if send("GET", "/health/ready", b"", {}).status == http.HTTPStatus.OK:
                return
        except OSError:
            time.sleep(0.05)
        if process.poll() is not None or time.monotonic() > ends_at:
            raise AssertionError(_text(log))


def _text(log: Any) -> str:
    log.seek(0)
    return str(log.read())
