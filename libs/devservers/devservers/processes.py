"""Starts processes that cannot outlive this one, and ends them."""

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

# Holds the names of the runs that a process belongs to. A process that lost its parent is found by it.
RUN_VARIABLE = "DEVTOOLS_RUNS"
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


def spawn(
    command: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str],
    output: int | IO[bytes] = subprocess.PIPE,
    death_signal: int | None = signal.SIGTERM,
    user: tuple[int, int] | None = None,
    inherited: Sequence[int] = (),
) -> "subprocess.Popen[bytes]":
    """Start a process in a session of its own, where the terminal's Ctrl-C does not reach it.

    ``output`` takes both its streams; ``user`` is the uid and gid for a process of root; ``inherited`` are open
    descriptors. Linux sends ``death_signal``
    when this thread ends, so also when this process is killed.

    Raises:
        RuntimeError: a death signal is wanted and this process has other threads: Python code would run between fork
            and exec, and could wait forever for a lock that one of them held.
    """
    if death_signal is not None and threading.active_count() > 1:
        raise RuntimeError("no death signal can be set where there are other threads")
    parent = os.getpid()

    def die_with_parent() -> None:
        if LIBC is not None:
            LIBC.prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
            if os.getppid() != parent:  # it ended before the call
                os._exit(1)

    credentials = {"user": user[0], "group": user[1], "extra_groups": []} if user else {}
    preexec = None if death_signal is None else die_with_parent
    streams = {"stdin": subprocess.DEVNULL, "stdout": output, "stderr": subprocess.STDOUT}
    return subprocess.Popen(  # type: ignore[call-overload, no-any-return]
        command,
        cwd=cwd,
        env=env,
        start_new_session=True,
        pass_fds=inherited,
        preexec_fn=preexec,  # noqa: PLW1509 - see Raises
        **streams,
        **credentials,
    )


def marked(environment: Mapping[str, str], run: str) -> dict[str, str]:
    """Return the environment with the name of the run added to it."""
    return {**environment, RUN_VARIABLE: f"{os.environ.get(RUN_VARIABLE, '')} {run}".strip()}


def processes_of_run(run: str) -> Iterator[psutil.Process]:
    """Find the processes of a run, except this one."""
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.pid != os.getpid() and run in process.environ().get(RUN_VARIABLE, "").split():
                yield process


def end_processes(found: Iterable[psutil.Process], *, polite_signal: int = signal.SIGTERM, seconds: float = 5) -> None:
    """End processes and their descendants: with ``polite_signal`` first, after ``seconds`` with SIGKILL."""
    roots = list(found)
    everything = set(roots)
    for process in roots:
        with contextlib.suppress(psutil.Error):
            everything.update(process.children(recursive=True))
            process.send_signal(polite_signal)
    _, alive = psutil.wait_procs(list(everything), timeout=seconds)
    for process in alive:
        with contextlib.suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(alive, timeout=seconds)


def send_to_group(process: "subprocess.Popen[bytes]", signal_number: int) -> None:
    """Send a signal to the whole process group of a process that :func:`spawn` started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal_number)


def wait_for(condition: Callable[[], bool], *, seconds: float, pause_seconds: float = 0.02) -> bool:
    """Wait until the condition holds; return False if it does not within ``seconds``.

    The condition is checked once more after that time, in which this process may not have run at all.
    """
    give_up_at = time.monotonic() + seconds
    while not condition():
        if time.monotonic() >= give_up_at:
            return condition()
        time.sleep(pause_seconds)
    return True


def describe_exit(status: int) -> str:
    """Describe how a process ended: "exit status 3", "killed by SIGKILL"."""
    return f"exit status {status}" if status >= 0 else f"killed by {signal.Signals(-status).name}"
