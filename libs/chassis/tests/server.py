"""The library under gunicorn, like a deployed service."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import requests

TESTS = Path(__file__).parent
START_SECONDS = 30


class Server:
    """gunicorn with two workers, whose output is in ``log``."""

    def __init__(self, folder, database):
        with socket.socket() as reserved:
            reserved.bind(("127.0.0.1", 0))
            address = f"127.0.0.1:{reserved.getsockname()[1]}"
        self.url = f"http://{address}"
        self._log_file = folder / "log.txt"
        with self._log_file.open("wb") as log:
            self.process = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "gunicorn",
                    "library.wsgi",
                    "-c",
                    "library/gunicorn.conf.py",
                    "-b",
                    address,
                ],
                cwd=TESTS,
                env=os.environ
                | {
                    "DATABASE_URL": "postgresql://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format(**database),
                    "LOG_FORMAT": "json",
                    "OTEL_TRACES_EXPORTER": "console",
                    "TMPDIR": str(folder),
                },
                stdout=log,
                stderr=log,
            )

    @property
    def log(self):
        return self._log_file.read_text()

    @property
    def workers(self):
        pid = self.process.pid
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    def get(self, path, **headers):
        """Send a request over a new connection, so that requests are spread over the workers."""
        return requests.get(f"{self.url}{path}", headers=headers, timeout=10)

    def wait(self, workers=2):
        """Wait until ``workers`` workers have become ready since the start."""
        ends_at = time.monotonic() + START_SECONDS
        while self.log.count("Worker ready") < workers:
            assert self.process.poll() is None, self.log
            assert time.monotonic() < ends_at, self.log
            time.sleep(0.05)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)
