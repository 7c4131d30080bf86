"""Medians of the rounds, and ratios of the stacks."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.rounds import Measurement
from benchmarks.scenarios import REFERENCE


@dataclass(frozen=True)
class Summary:
    """The rounds of one case on one stack. Rates are in requests a second, the rest in milliseconds."""

    case: str
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
        """The CPU time of one request in all tiers of the stack, without the load client."""
        return sum(used for tier, used in self.cpu.items() if tier != "wrk")


def summarise(measurements: Sequence[Measurement]) -> list[Summary]:
    """Return a summary for each case and stack, in the order of their first measurements."""
    groups = dict.fromkeys((measurement.case, measurement.stack) for measurement in measurements)
    return [_summary(case, stack, measurements) for case, stack in groups]


def _summary(case: str, stack: str, measurements: Sequence[Measurement]) -> Summary:
    ours = _rounds(measurements, case, stack)
    theirs = {found.round: found for found in _rounds(measurements, case, REFERENCE)}
    ratios = [
        found.responses.rate / theirs[found.round].responses.rate
        for found in ours
        if found.round in theirs and theirs[found.round].responses.rate
    ]
    rates = [found.responses.rate for found in ours]
    return Summary(
        case,
        stack,
        median(rates),
        min(rates),
        max(rates),
        median(found.responses.p50 for found in ours),
        median(found.responses.p99 for found in ours),
        {tier: median(found.cpu_milliseconds[tier] for found in ours) for tier in ours[0].cpu_milliseconds},
        median(ratios) if ratios and stack != REFERENCE else None,
    )


def _rounds(measurements: Iterable[Measurement], case: str, stack: str) -> list[Measurement]:
    return [found for found in measurements if (found.case, found.stack) == (case, stack)]
