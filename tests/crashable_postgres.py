"""A PostgreSQL server for tests that kill it: it writes to the disk for good before it acknowledges."""

import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from devservers.folders import make_folder
from devservers.ports import find_free_port
from devservers.postgres import PrivatePostgres
from devservers.processes import send_to_group, wait_for
from devtools.projects import Project


@dataclass
class CrashablePostgres:
    """The server, on one port and one set of data for all its lives."""

    server: PrivatePostgres
    port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def log_file(self) -> Path:
        """What it writes."""
        return self.server.log_file

    def create_databases(self, projects: Sequence[Project]) -> dict[str, str]:
        """Create each project's database; return their URLs by project name."""
        for project in projects:
            self.server.create_database(project.database)
        return {project.name: self.server.url(project.database) for project in projects}

    def start(self) -> None:
        """Start it, again on the data that it left, and wait until it takes connections."""
        with self.log_file.open("ab") as log:
            self.process = self.server.spawn(self.server.command(self.port), output=log)
        if not self.server.wait_until_ready(self.process):
            raise RuntimeError(f"PostgreSQL did not start:\n{self.log_file.read_text(errors='replace')}")

    def kill(self) -> None:
        """End it and all its children at once; they are of no common process group."""
        send_to_group(self.process, signal.SIGSTOP)  # or it would have more children by then
        everything = psutil.Process(self.process.pid).children(recursive=True)
        for process in everything:
            with suppress(psutil.Error):
                process.kill()
        send_to_group(self.process, signal.SIGKILL)
        self.process.wait()
        wait_for(lambda: all(_has_ended(process) for process in everything), seconds=5)


def _has_ended(process: psutil.Process) -> bool:
    try:
        return process.status() == psutil.STATUS_ZOMBIE  # of an init that takes its time
    except psutil.NoSuchProcess:
        return True


@contextmanager
def running_crashable_postgres(folder: Path) -> Iterator[CrashablePostgres]:
    """Run a server with its data in a new folder, which PostgreSQL's user must be able to reach."""
    make_folder(folder)
    server = PrivatePostgres(folder, death_signal=None)  # other tests of this process have threads
    server.prepare()
    crashable = CrashablePostgres(server, find_free_port())
    try:
        crashable.start()
        yield crashable
    finally:
        if crashable.process is not None:
            crashable.kill()  # nobody needs its data
