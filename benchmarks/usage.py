"""CPU time and memory of processes."""

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

import psutil

MIB = 1024 * 1024


def family(root: psutil.Process) -> Iterator[psutil.Process]:
    """Yield a process and its descendants."""
    yield root
    with contextlib.suppress(psutil.Error):
        yield from root.children(recursive=True)


def cpu_seconds(*roots: psutil.Process) -> float:
    """Return the user and system time of processes and their descendants so far, including those that have ended."""
    seconds = 0.0
    for process in (process for root in roots for process in family(root)):
        with contextlib.suppress(psutil.Error):  # it has just ended; its parent counts its time
            times = process.cpu_times()
            seconds += times.user + times.system + times.children_user + times.children_system
    return seconds


def memory(roots: Mapping[str, psutil.Process]) -> list[dict[str, Any]]:
    """Return the memory of every process, in MiB.

    ``rss`` counts the pages that processes share (after a fork) for each of them, ``pss`` each page once.
    """
    rows = []
    for tier, root in roots.items():
        for process in family(root):
            with contextlib.suppress(psutil.Error):
                used = process.memory_full_info()
                pss = getattr(used, "pss", used.rss)  # Linux
                rows.append({"tier": tier, "pid": process.pid, "rss": used.rss / MIB, "pss": pss / MIB})
    return rows
