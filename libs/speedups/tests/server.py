"""Runs the worker under gunicorn, in one process with two threads."""

import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from client import ask, connect

THREADS = 2
START_SECONDS = 20


class Server:
    """A gunicorn process with ``options`` that logs to a file in ``folder``."""

    def __init__(self, folder, *options):
        with socket.socket() as reserved:
            reserved.bind(("127.0.0.1", 0))
            self.port = reserved.getsockname()[1]
        self._log_file = folder / f"log-{self.port}.txt"
        command = [sys.executable, "-m", "gunicorn", "application", f"--bind=127.0.0.1:{self.port}"]
        command += ["--worker-class=speedups.worker.SharedPollWorker", f"--threads={THREADS}"]
        command += ["--keep-alive=5", "--no-control-socket", *options]
        with self._log_file.open("wb") as log:
            self.process = subprocess.Popen(command, cwd=Path(__file__).parent, stdout=log, stderr=log)

    @property
    def log(self):
        return self._log_file.read_text()

    def wait(self):
        """Wait for the response to a first request."""
        ends_at = time.monotonic() + START_SECONDS
        while True:
            try:
                with connect(self.port) as client:
                    ask(client)
            except (ConnectionError, EOFError):  # it does not listen yet, or failed to start
                assert self.process.poll() is None, self.log
                assert time.monotonic() < ends_at, self.log
                time.sleep(0.02)
            else:
                return self

    def workers(self):
        """The process ids of the workers."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(child) for child in children.split()]

    def stop(self):
        """Stop without waiting for running requests (SIGQUIT)."""
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait(20)
