"""A PostgreSQL server for tests that kill it; it runs with fsync on."""

import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from devservers.folders import make_folder
from devservers.ports import find_free_port
from devservers.postgres import PrivatePostgres, stop
from devservers.processes import send_to_group, wait_for


@dataclass
class CrashablePostgres:
    """A PostgreSQL server that keeps its port and data when it is killed and started again."""

    server: PrivatePostgres
    port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def log_file(self) -> Path:
        """The log file of the server."""
        return self.server.log_file

    def copy_databases(self, originals: Mapping[str, str]) -> dict[str, str]:
        """Copy databases of another server, URLs by project name; return the URLs of the copies."""
        for name, original in originals.items():
            self.server.create_database(name)
            dump = self._run("pg_dump", original)
            self._run("psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", self.server.url(name), stdin=dump)
        return {name: self.server.url(name) for name in originals}

    def _run(self, program: str, *arguments: str, stdin: bytes = b"") -> bytes:
        command = [self.server.programs / program, *arguments]
        return subprocess.run(command, input=stdin, stdout=subprocess.PIPE, check=True).stdout

    def start(self) -> None:
        """Start the server on its existing data, and wait until it accepts connections."""
        with self.log_file.open("ab") as log:
            self.process = self.server.spawn(self.server.command(self.port), output=log)
        if not self.server.wait_until_ready(self.process):
            raise RuntimeError(f"PostgreSQL did not start:\n{self.log_file.read_text(errors='replace')}")

    def kill(self) -> None:
        """Kill the server and its children, which are in different process groups."""
        send_to_group(self.process, signal.SIGSTOP)  # so that it starts no more children
        everything = psutil.Process(self.process.pid).children(recursive=True)
        for process in everything:
            with suppress(psutil.Error):
                process.kill()
        send_to_group(self.process, signal.SIGKILL)
        self.process.wait()
        wait_for(lambda: all(_has_ended(process) for process in everything), seconds=5)


def _has_ended(process: psutil.Process) -> bool:
    try:
        return process.status() == psutil.STATUS_ZOMBIE  # until init reaps it
    except psutil.NoSuchProcess:
        return True


@contextmanager
def running_crashable_postgres(folder: Path) -> Iterator[CrashablePostgres]:
    """Run a server with its data in a new folder, which must be accessible to PostgreSQL's user."""
    make_folder(folder)
    server = PrivatePostgres(folder, death_signal=None)  # other tests of this process have threads
    server.prepare()
    crashable = CrashablePostgres(server, find_free_port())
    try:
        crashable.start()
        yield crashable
    finally:
        if crashable.process is not None:
            stop(crashable.process)  # killed, it would leave its shared memory
