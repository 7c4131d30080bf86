"""Starts processes that cannot outlive the launcher, and ends them."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

import psutil

from devtools.system_user import SystemUser

# Every process of a run carries the run's name here, after those of the runs around it. A service that lost its parent
# is found by it, whatever became of its process number.
RUN_VARIABLE = "LAUNCHER_RUNS"

PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


def spawn(
    command: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str],
    output: int | IO[bytes] = subprocess.PIPE,
    death_signal: int | None = signal.SIGTERM,
    user: SystemUser | None = None,
) -> "subprocess.Popen[bytes]":
    """Start a process in a session of its own, where the terminal's Ctrl-C does not reach it.

    Call it from the main thread: on Linux the process gets ``death_signal`` when the thread that started it ends,
    so also when the launcher is killed.

    Args:
        command: program and arguments.
        cwd: working directory.
        env: environment.
        output: where both its output streams go.
        death_signal: what it gets when the launcher is gone; None in a process with more than one thread.
        user: whom it runs as, for a launcher that is root.

    Raises:
        RuntimeError: there is a death signal, and there are other threads: Python code would have to run in the new
            process, which can wait forever there for a lock that one of them held.
    """
    if death_signal is not None and threading.active_count() > 1:
        raise RuntimeError("no death signal can be set where there are other threads")
    return subprocess.Popen(
        command,
        cwd=cwd,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        user=user.uid if user else None,
        group=user.gid if user else None,
        extra_groups=[] if user else None,
        preexec_fn=None if death_signal is None else die_with_parent(death_signal),  # noqa: PLW1509 - see Raises
    )


def die_with_parent(death_signal: int) -> Callable[[], None] | None:
    """Return what a new process runs before its program, so that it gets ``death_signal`` when its parent ends."""
    if LIBC is None:
        return None
    libc, parent = LIBC, os.getpid()

    def prepare() -> None:
        libc.prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
        if os.getppid() != parent:  # it ended before the call
            os._exit(1)

    return prepare


def marked(environment: Mapping[str, str], run: str) -> dict[str, str]:
    """Return the environment with the name of the run in it."""
    return {**environment, RUN_VARIABLE: f"{os.environ.get(RUN_VARIABLE, '')} {run}".strip()}


def processes_of_run(run: str) -> Iterator[psutil.Process]:
    """Find the processes, but this one, that carry the name of the run."""
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.pid != os.getpid() and run in process.environ().get(RUN_VARIABLE, "").split():
                yield process


def end_processes(
    found: Iterable[psutil.Process], *, polite_signal: int = signal.SIGTERM, seconds: float = 5
) -> None:
    """End processes and all that they started: with ``polite_signal`` first, after ``seconds`` with SIGKILL."""
    roots = list(found)
    everything = set(roots)
    for process in roots:
        with contextlib.suppress(psutil.Error):
            everything.update(process.children(recursive=True))
    for process in roots:
        with contextlib.suppress(psutil.Error):
            process.send_signal(polite_signal)
    _, alive = psutil.wait_procs(list(everything), timeout=seconds)
    for process in alive:
        with contextlib.suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(alive, timeout=seconds)


def send_to_group(process: "subprocess.Popen[bytes]", signal_number: int) -> None:
    """Send a signal to the whole group of a process made by :func:`spawn`."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal_number)


def wait_for(condition: Callable[[], bool], *, seconds: float, pause_seconds: float = 0.02) -> bool:
    """Wait until the condition holds; False when it does not after ``seconds``.

    It is always asked once more after that time, which may have passed while this process could not run.
    """
    give_up_at = time.monotonic() + seconds
    while not condition():
        if time.monotonic() >= give_up_at:
            return condition()
        time.sleep(pause_seconds)
    return True


def describe_exit(status: int) -> str:
    """Say how a process ended: "exit status 3", "killed by SIGKILL"."""
    if status >= 0:
        return f"exit status {status}"
    try:
        return f"killed by {signal.Signals(-status).name}"
    except ValueError:
        return f"killed by signal {-status}"
