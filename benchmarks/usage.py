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


def cpu_seconds(roots: Mapping[str, psutil.Process]) -> dict[str, float]:
    """Return the user and system time of each tier so far, including children that have ended."""
    return {tier: sum(_cpu_seconds(process) for process in family(root)) for tier, root in roots.items()}


def _cpu_seconds(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.Error:
        return 0.0  # it has just ended; its parent counts its time
    return float(times.user + times.system + times.children_user + times.children_system)


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
