"""Run the gateway under gunicorn, as in production."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent

_returned_ports = set()


def free_port() -> int:
    """Return an unused port that was not returned before."""
    while True:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        if port not in _returned_ports:
            _returned_ports.add(port)
            return port


def wait_for(condition, seconds: float = 15):
    """Poll ``condition`` until it is true; return its value, or fail after ``seconds``."""
    ends_at = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < ends_at
        time.sleep(0.05)
    return found


class Gateway:
    def __init__(self, folder: Path, configuration: str, workers: int = 1, **environment: str) -> None:
        self.port = free_port()
        self.file = folder / "gateway.toml"
        self.file.write_text(configuration)
        self.log_file = folder / f"log-{self.port}.txt"
        self._log_begins_at = 0
        with self.log_file.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "gunicorn", "gateway_project.wsgi"],
                cwd=PROJECT,
                stdout=log,
                stderr=log,
                # Without the variable that pytest-django sets: gunicorn's main process has no Django settings.
                env={name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
                | {
                    "BIND": f"127.0.0.1:{self.port}",
                    "WEB_CONCURRENCY": str(workers),
                    "GATEWAY_CONFIG": str(self.file),
                    "SECRET_KEY": "for-tests",
                }
                | environment,
            )

    def begin_log(self) -> None:
        """Make ``log`` begin at the current end of the file."""
        self._log_begins_at = self.log_file.stat().st_size

    @property
    def log(self) -> str:
        return self.log_file.read_bytes()[self._log_begins_at :].decode()

    @property
    def log_lines(self) -> list[str]:
        """The complete lines of the log, without one that is still being written."""
        return self.log.rpartition("\n")[0].splitlines()

    def wait(self, seconds: float = 60) -> "Gateway":
        ends_at = time.monotonic() + seconds
        while time.monotonic() < ends_at:
            assert self.process.poll() is None, self.log
            try:
                with socket.create_connection(("127.0.0.1", self.port), 1) as client:
                    client.settimeout(5)
                    client.sendall(b"GET /health/live HTTP/1.0\r\n\r\n")
                    if client.recv(1024).startswith(b"HTTP/1.1 200"):
                        return self
            except OSError:
                time.sleep(0.05)
        raise AssertionError(self.log)

    def reload(self) -> None:
        self.process.send_signal(signal.SIGHUP)

    def workers(self) -> list[int]:
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(child) for child in children.split()]

    def stop(self) -> None:
        self.process.send_signal(signal.SIGQUIT)  # immediate; SIGTERM lets requests finish
        self.process.wait(60)


@contextmanager
def started(folder: Path, configuration: str, workers: int = 1, **environment: str) -> Iterator[Gateway]:
    """Run a gateway for several tests, which must not change it."""
    gateway = Gateway(folder, configuration, workers, **environment)
    try:
        yield gateway.wait()
    finally:
        gateway.stop()


def configuration(*urls: str, route: str = "", upstream: str = "", name: str = "") -> str:
    """Return a routes file with one route: ``/name``, or a catch-all. Several of them can be joined."""
    return "\n".join(
        [
            f"[upstreams.{name or 'any'}]",
            f"urls = {list(urls)}".replace("'", '"'),
            "read_timeout = 1.0" if "read_timeout" not in upstream else "",
            upstream,
            "[[routes]]",
            f'path = "/{name}"',
            f'upstream = "{name or "any"}"',
            route,
            "",
        ]
    )
