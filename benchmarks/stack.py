"""A running stack: processes on free ports of the loopback interface."""

import contextlib
import os
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

import psutil

from benchmarks.client import status_of
from devservers.ports import Address, find_free_port
from devservers.processes import end_processes, marked, processes_of_run, wait_for
from devtools.errors import DevtoolsError
from devtools.projects import PROJECTS

START_SECONDS = 60
STOP_SECONDS = 12

# Variables that services inherit from the environment of this command; none of them changes a setting.
PASSED_ON = ("HOME", "LANG", "LC_ALL", "PATH", "TMPDIR", "TZ", "VIRTUAL_ENV")


@dataclass(frozen=True)
class Stack:
    """The addresses of a stack's services, and the first process of each."""

    name: str
    addresses: Mapping[str, Address]
    roots: Mapping[str, psutil.Process]


def base_environment() -> dict[str, str]:
    """Return the variables that the processes of every stack inherit."""
    return {name: os.environ[name] for name in PASSED_ON if name in os.environ}


def free_addresses() -> dict[str, Address]:
    """Find a port for each service."""
    return {name: Address("127.0.0.1", find_free_port()) for name in PROJECTS}


@contextlib.contextmanager
def ended_afterwards(environment: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """Yield the environment with a mark, and end every process that has the mark when the block exits."""
    run = secrets.token_hex(8)
    try:
        yield marked(environment, run)
    finally:
        end_processes(processes_of_run(run), seconds=STOP_SECONDS)


def wait_until_ready(
    addresses: Mapping[str, Address], path: str, roots: Mapping[str, psutil.Process], logs: list[Path]
) -> None:
    """Wait until every service responds with 200 at ``path``.

    Raises:
        DevtoolsError: a process has exited, or ``START_SECONDS`` have passed; the message has the end of the logs.
    """

    def has_ended() -> bool:
        return not all(root.is_running() and root.status() != psutil.STATUS_ZOMBIE for root in roots.values())

    def has_started() -> bool:
        return all(status_of(address.url + path) == HTTPStatus.OK for address in addresses.values())

    wait_for(lambda: has_ended() or has_started(), seconds=START_SECONDS, pause_seconds=0.1)
    if has_ended() or not has_started():
        ends = "\n".join(f"{log.name}:\n{log.read_text(errors='replace')[-2000:]}" for log in logs)
        raise DevtoolsError(f"A stack did not start.\n{ends}")
