"""Start time of ``up`` on existing data, from the command to the first response."""

import signal
import subprocess
import sys
import time
from http import HTTPStatus
from pathlib import Path

from benchmarks.client import status_of
from benchmarks.stack import base_environment, ended_afterwards, free_addresses
from devservers.folders import temporary_directory
from devservers.processes import send_to_group, spawn, wait_for
from devtools.errors import DevtoolsError
from devtools.projects import PROJECTS, ROOT

START_SECONDS = 120
STOP_SECONDS = 20


def measure_starts(times: int) -> list[float]:
    """Return the seconds until ``GET /users`` succeeds through the gateway, for each of ``times`` starts.

    The first start, which creates the data, is not counted.
    """
    with temporary_directory("bench-") as folder:
        return [_start(folder / "data", folder / "up.log") for _ in range(times + 1)][1:]


def _start(data: Path, log: Path) -> float:
    addresses = free_addresses()
    environment = base_environment() | {
        "DATA_DIR": str(data),
        **{PROJECTS[name].variable("PORT"): str(address.port) for name, address in addresses.items()},
    }
    with ended_afterwards(environment) as marked_environment:
        started = time.monotonic()
        with log.open("wb") as output:
            command = [sys.executable, str(ROOT / "manage_all.py"), "up"]
            process = spawn(command, cwd=ROOT, env=marked_environment, output=output)
        url = f"{addresses['gateway'].url}/users"
        is_up = wait_for(
            lambda: process.poll() is not None or status_of(url) == HTTPStatus.OK,
            seconds=START_SECONDS,
            pause_seconds=0.02,
        )
        seconds = time.monotonic() - started
        if not is_up or process.poll() is not None:
            raise DevtoolsError(f"up did not start:\n{log.read_text(errors='replace')[-2000:]}")
        send_to_group(process, signal.SIGTERM)
        try:
            process.wait(timeout=STOP_SECONDS)
        except subprocess.TimeoutExpired as error:
            raise DevtoolsError("up did not stop.") from error
    return seconds
