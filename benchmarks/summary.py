"""Medians of the rounds, and how the stacks compare."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.rounds import Measurement
from benchmarks.scenarios import REFERENCE


@dataclass(frozen=True)
class Summary:
    """The rounds of one course on one stack. Rates are in requests a second, the rest in milliseconds."""

    course: str
    stack: str
    rate: float
    lowest: float
    highest: float
    p50: float
    p99: float
    cpu: dict[str, float]
    ratio: float | None  # to the reference stack: the median of the rounds' ratios

    @property
    def cpu_total(self) -> float:
        """The CPU time of one request in all tiers of the stack, the load generator aside."""
        return sum(used for tier, used in self.cpu.items() if tier != "wrk")


def summarise(measurements: Sequence[Measurement]) -> list[Summary]:
    """Return a summary for each course and stack, in the order in which they were measured first."""
    groups = dict.fromkeys((measurement.course, measurement.stack) for measurement in measurements)
    return [_summary(course, stack, measurements) for course, stack in groups]


def _summary(course: str, stack: str, measurements: Sequence[Measurement]) -> Summary:
    ours = _rounds(measurements, course, stack)
    theirs = {found.round: found for found in _rounds(measurements, course, REFERENCE)}
    ratios = [
        found.responses.rate / theirs[found.round].responses.rate
        for found in ours
        if found.round in theirs and theirs[found.round].responses.rate
    ]
    rates = [found.responses.rate for found in ours]
    return Summary(
        course,
        stack,
        median(rates),
        min(rates),
        max(rates),
        median(found.responses.p50 for found in ours),
        median(found.responses.p99 for found in ours),
        {tier: median(found.cpu_milliseconds[tier] for found in ours) for tier in ours[0].cpu_milliseconds},
        median(ratios) if ratios and stack != REFERENCE else None,
    )


def _rounds(measurements: Iterable[Measurement], course: str, stack: str) -> list[Measurement]:
    return [found for found in measurements if (found.course, found.stack) == (course, stack)]
