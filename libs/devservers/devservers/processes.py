"""Starts and ends child processes, which do not outlive this process."""

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

# An environment variable with the names of the runs of a process, by which orphaned processes are found.
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
    """Start a process in its own session, so that the terminal's Ctrl-C does not reach it.

    Args:
        command: the command line.
        cwd: the working directory.
        env: the environment.
        output: the destination of the standard output and the standard error.
        death_signal: the signal that Linux sends when this thread ends, also if this process is killed.
        user: the uid and gid of the process; requires root.
        inherited: open file descriptors that the process inherits.

    Raises:
        RuntimeError: ``death_signal`` is set and this process has other threads. Python code that runs between fork
            and exec could deadlock on a lock of another thread.
    """
    if death_signal is not None and threading.active_count() > 1:
        raise RuntimeError("death_signal cannot be used if this process has other threads")
    parent = os.getpid()

    def die_with_parent() -> None:
        if LIBC is not None:
            LIBC.prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
            if os.getppid() != parent:  # the parent ended before the call
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
    """Return a copy of the environment with the name of the run added to RUN_VARIABLE."""
    return {**environment, RUN_VARIABLE: f"{os.environ.get(RUN_VARIABLE, '')} {run}".strip()}


def processes_of_run(run: str) -> Iterator[psutil.Process]:
    """Yield the processes of a run, except this one."""
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.pid != os.getpid() and run in process.environ().get(RUN_VARIABLE, "").split():
                yield process


def end_processes(found: Iterable[psutil.Process], *, polite_signal: int = signal.SIGTERM, seconds: float = 5) -> None:
    """End processes and their descendants: with ``polite_signal``, and after ``seconds`` with SIGKILL."""
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
    """Wait until the condition is true; return False if it is not within ``seconds``.

    The condition is checked again after the timeout, because this process may have been suspended.
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
