"""The state file of a running system: what other commands, and the next ``up``, have to know of it."""

import contextlib
import json
import os
import signal
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self

import psutil

from devtools.data_folder import DataFolder
from devtools.processes import end_processes, processes_of_run
from devtools.projects import Address

FILE = "up.json"
SAME_START_SECONDS = 1.0  # two processes with one number cannot start within this


@dataclass
class RunState:
    """One ``up``: what it started and where that is."""

    run: str
    pid: int
    addresses: dict[str, dict[str, Any]] = field(default_factory=dict)
    database_urls: dict[str, str] = field(default_factory=dict)
    children: dict[str, dict[str, float]] = field(default_factory=dict)
    ready: bool = False

    @classmethod
    def of_this_process(cls, *, run: str, addresses: Mapping[str, Address]) -> Self:
        """Begin the state of a run of this process."""
        return cls(run, os.getpid(), {name: asdict(address) for name, address in addresses.items()})

    def add_child(self, name: str, pid: int) -> None:
        """Note a process, with the time it started, which tells it from a later one with its number."""
        with contextlib.suppress(psutil.NoSuchProcess):
            self.children[name] = {"pid": pid, "started_at": psutil.Process(pid).create_time()}

    def service_addresses(self) -> dict[str, Address]:
        """Return where the services are."""
        return {name: Address(**parts) for name, parts in self.addresses.items()}

    def child_is_running(self, name: str) -> bool:
        """Whether the process noted under ``name`` is still there."""
        return name in self.children and find_child(self.children[name]) is not None

    def save(self, folder: DataFolder) -> None:
        """Write the state; it holds the database password, so nobody else may read it."""
        folder.write_privately(folder.path / FILE, json.dumps(asdict(self)))


def load(folder: DataFolder) -> RunState | None:
    """Read the state file, if there is one that can be read."""
    try:
        return RunState(**json.loads((folder.path / FILE).read_text()))
    except (OSError, ValueError, TypeError):
        return None


def forget(folder: DataFolder) -> None:
    """Remove the state file."""
    (folder.path / FILE).unlink(missing_ok=True)


def find_child(noted: dict[str, float]) -> psutil.Process | None:
    """Find the process that was noted, not another that got its number."""
    try:
        process = psutil.Process(int(noted["pid"]))
        same = abs(process.create_time() - noted["started_at"]) < SAME_START_SECONDS
        return process if same and process.status() != psutil.STATUS_ZOMBIE else None
    except psutil.Error:
        return None


def end_leftovers(folder: DataFolder) -> int:
    """End what an ``up`` left behind that was killed itself, PostgreSQL last; return how many processes it was.

    Call it only while holding the folder's lock, so that no living ``up`` is meant.
    """
    state = load(folder)
    if state is None:
        return 0
    noted = {name: find_child(child) for name, child in state.children.items()}
    postgres = noted.pop("postgres", None)
    services = {process for process in noted.values() if process} | set(processes_of_run(state.run))
    end_processes(services)
    if postgres is not None:
        end_processes([postgres], polite_signal=signal.SIGINT)
    forget(folder)
    return len(services) + (postgres is not None)
