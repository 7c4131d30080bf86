"""Text tables of the results."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

from benchmarks.summary import Summary

TIERS = ("gateway", "user", "order", "postgres", "wrk")


def text_table(rows: Sequence[Sequence[str]]) -> str:
    """Return rows in columns. The first row is the heading; the first two columns are left-aligned."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "  ".join(
            cell.ljust(width) if column < 2 else cell.rjust(width)  # noqa: PLR2004
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]]) + "\n"


def load_table(summaries: Iterable[Summary]) -> str:
    """Return medians, spread and ratio of the rates, latencies, and the CPU time of a request in each tier."""
    heading = ["request", "stack", "1/s", "from", "to", "ratio", "p50 ms", "p99 ms"]
    rows = [[*heading, *(f"{tier} ms" for tier in TIERS), "CPU ms"]]
    for summary in summaries:
        rates = (f"{rate:.0f}" for rate in (summary.rate, summary.lowest, summary.highest))
        ratio = "" if summary.ratio is None else f"{summary.ratio:.2f}"
        latencies = (f"{summary.p50:.1f}", f"{summary.p99:.1f}")
        cpu = (f"{used:.2f}" for used in (*(summary.cpu[tier] for tier in TIERS), summary.cpu_total))
        rows += [[summary.case, summary.stack, *rates, ratio, *latencies, *cpu]]
    return text_table(rows)


def memory_table(memory: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    """Return the memory of every process, with the sum of each stack."""
    rows = [["stack", "tier", "processes", "RSS MiB", "PSS MiB", "each RSS"]]
    for stack, processes in memory.items():
        for tier, group in groupby(processes, key=lambda process: process["tier"]):
            found = list(group)
            rows.append([stack, tier, *_sums(found), " ".join(f"{one['rss']:.0f}" for one in found)])
        without_database = [process for process in processes if process["tier"] != "postgres"]
        rows.append([stack, "services together", *_sums(without_database), ""])
    return text_table(rows)


def _sums(processes: Sequence[Mapping[str, Any]]) -> list[str]:
    sums = (sum(process[kind] for process in processes) for kind in ("rss", "pss"))
    return [str(len(processes)), *(f"{value:.0f}" for value in sums)]
