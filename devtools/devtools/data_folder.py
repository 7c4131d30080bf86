"""The data folder and its lock, which describes the command that holds it."""

import contextlib
import fcntl
import json
import os
import secrets
import signal
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from devservers.folders import make_folder
from devservers.ports import Address
from devservers.processes import end_processes, marked, processes_of_run
from devtools.errors import DevtoolsError


@dataclass
class Run:
    """A command that holds the lock, with the addresses and databases of `up`. The URLs contain passwords."""

    pid: int
    command: str
    name: str = field(default_factory=lambda: secrets.token_hex(8))
    addresses: Mapping[str, Address] = field(default_factory=dict)
    database_urls: Mapping[str, str] = field(default_factory=dict)
    ready: bool = False

    def end_processes(self) -> int:
        """End the processes that a killed run left behind, PostgreSQL last; return their number."""
        found = list(processes_of_run(self.name))
        servers = [process for process in found if process.name() == "postgres"]
        end_processes(set(found) - set(servers))
        end_processes(servers, polite_signal=signal.SIGINT)
        return len(found)


class FolderInUseError(DevtoolsError):
    """Another run, the second argument, holds the lock on the data folder."""


class DataFolder:
    """The folder of the private PostgreSQL, of the secrets and of the log. Its lock file describes the last run."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.ended_leftovers = 0  # processes of an earlier run

    @contextlib.contextmanager
    def _named_in_errors(self) -> Iterator[None]:
        """Turn an OSError into a DevtoolsError that names the folder."""
        try:
            yield
        except OSError as error:
            raise DevtoolsError(f"The data folder {self.path} cannot be used: {error.strerror}.") from error

    @contextlib.contextmanager
    def lock(self, command: str, *, patience_seconds: float = 0) -> Iterator[Run]:
        """Lock the folder and end leftover processes; wait ``patience_seconds`` for a command other than `up`.

        Raises:
            FolderInUseError: another process holds it.
            DevtoolsError: the folder or its lock file cannot be created or written.
        """
        with self._named_in_errors():
            make_folder(self.path)
            descriptor = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            give_up_at = time.monotonic() + patience_seconds
            while not _try_lock(descriptor, fcntl.LOCK_EX):
                holder = _read(descriptor)
                if holder.command == "up" or time.monotonic() >= give_up_at:
                    raise FolderInUseError(f"`{holder.command}` is running on {self.path} (pid {holder.pid}).", holder)
                time.sleep(0.1)
            self.ended_leftovers = _read(descriptor).end_processes()
            self._descriptor = descriptor
            run = Run(os.getpid(), command)
            os.environ.update(marked({}, run.name))  # inherited by all of its processes
            self.save(run)
            yield run
            os.ftruncate(descriptor, 0)
        finally:
            os.close(descriptor)

    def save(self, run: Run) -> None:
        """Write the run to the lock file, for other commands."""
        with self._named_in_errors():
            written = os.pwrite(self._descriptor, json.dumps(asdict(run)).encode(), 0)
        os.ftruncate(self._descriptor, written)

    def holder(self) -> Run | None:
        """Return the run that holds the lock; None if it is free."""
        try:
            descriptor = os.open(self.path / "lock", os.O_RDWR)
        except OSError:
            return None
        try:
            return None if _try_lock(descriptor, fcntl.LOCK_SH) else _read(descriptor)
        finally:
            os.close(descriptor)

    def running_system(self) -> Run | None:
        """Return the `up` that runs on the folder; None if none does."""
        holder = self.holder()
        return holder if holder and holder.command == "up" else None


def _try_lock(descriptor: int, kind: int) -> bool:
    with contextlib.suppress(OSError):
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        return True
    return False


def _read(descriptor: int) -> Run:
    try:
        content, _ = json.JSONDecoder().raw_decode(os.pread(descriptor, 65536, 0).decode())
        run = Run(**content)
        run.addresses = {name: Address(**parts) for name, parts in content["addresses"].items()}
    except (ValueError, TypeError):  # empty, or just locked and not written yet
        return Run(0, "another command")
    return run
