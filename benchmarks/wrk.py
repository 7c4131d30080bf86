"""Runs wrk, the load client, and parses its results."""

import json
import os
import resource
import secrets
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from devtools.errors import DevtoolsError

SCRIPTS = Path(__file__).parent / "wrk"
SPARE_SECONDS = 30  # for wrk to exit


@dataclass(frozen=True)
class Load:
    """The load of a run. ``rate`` is in requests a second; None sends each request when the last response arrives."""

    connections: int
    seconds: float
    rate: float | None = None


@dataclass(frozen=True)
class Responses:
    """The responses to a load. Latencies are in milliseconds."""

    requests: int
    seconds: float
    p50: float
    p99: float
    longest: float
    refused: int  # responses with a status of 400 or more
    broken: int  # failed connections and timeouts
    client_cpu_seconds: float

    @property
    def rate(self) -> float:
        """Responses a second."""
        return self.requests / self.seconds


def find_wrk() -> str:
    """Return the path of wrk.

    Raises:
        DevtoolsError: wrk is not installed.
    """
    program = shutil.which("wrk")
    if program is None:
        raise DevtoolsError("The load client wrk is not installed. On Debian and Ubuntu: apt-get install wrk")
    return program


def run_wrk(url: str, script: str, load: Load) -> Responses:
    """Send ``load`` to ``url``, with the requests of a script in ``wrk/``.

    Raises:
        DevtoolsError: wrk failed.
    """
    command = [find_wrk(), "--threads", "1", "--connections", str(load.connections)]
    command += ["--duration", f"{load.seconds:.0f}s", "--timeout", "10s"]
    command += ["--script", str(SCRIPTS / script), url]
    environment = os.environ | {"BENCH_SCRIPTS": str(SCRIPTS), "BENCH_RUN": secrets.token_hex(4)}
    if load.rate is not None:
        environment["BENCH_RATE"] = str(load.rate)
    before = _children_cpu_seconds()
    result = subprocess.run(
        command,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=load.seconds + SPARE_SECONDS,
    )
    used = _children_cpu_seconds() - before
    lines = [line for line in result.stdout.splitlines() if line.startswith("{")]
    if result.returncode != 0 or not lines:
        raise DevtoolsError(f"wrk failed:\n{result.stdout}{result.stderr}")
    found = json.loads(lines[-1])
    return Responses(
        requests=found["requests"],
        seconds=found["microseconds"] / 1e6,
        p50=found["p50"] / 1e3,
        p99=found["p99"] / 1e3,
        longest=found["max"] / 1e3,
        refused=found["refused"],
        broken=found["broken"],
        client_cpu_seconds=used,
    )


def _children_cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
