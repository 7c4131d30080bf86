"""What processes use: CPU time while a load lasts, and memory."""

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

import psutil

MIB = 1024 * 1024


def family(root: psutil.Process) -> Iterator[psutil.Process]:
    """Yield a process and all that it started."""
    yield root
    with contextlib.suppress(psutil.Error):
        yield from root.children(recursive=True)


def cpu_seconds(roots: Mapping[str, psutil.Process]) -> dict[str, float]:
    """Return the CPU time that each tier has used so far, user and system, with its children that have ended."""
    return {tier: sum(_cpu_seconds(process) for process in family(root)) for tier, root in roots.items()}


def _cpu_seconds(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.Error:
        return 0.0  # it has just ended, and counts with its parent
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
