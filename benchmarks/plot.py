"""A bar chart of the results."""

from collections.abc import Sequence
from pathlib import Path

from benchmarks.scenarios import OWN, REFERENCE, REMEMBERING, TEXTBOOK
from benchmarks.summary import Summary

COLOURS = {OWN: "#2a6f97", TEXTBOOK: "#61a5c2", REMEMBERING: "#014f86", REFERENCE: "#adb5bd"}
LABELS = {
    OWN: "this system",
    TEXTBOOK: "with SPEEDUPS=off",
    REMEMBERING: "with USER_CACHE_SECONDS=5",
    REFERENCE: "reference stack",
}
HEIGHT = 0.28  # of a bar


def draw(summaries: Sequence[Summary], title: str, files: Sequence[Path]) -> None:
    """Draw the rates as bars with their spread, one group for each case, to each of the files."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    cases = list(dict.fromkeys(summary.case for summary in summaries))
    figure, axes = plt.subplots(figsize=(10, 1.2 + 0.75 * len(cases)), layout="constrained")
    for number, stack in enumerate(dict.fromkeys(summary.stack for summary in summaries)):
        found = [summary for summary in summaries if summary.stack == stack]
        slots = [_stacks(summaries, summary.case).index(stack) for summary in found]
        places = [cases.index(summary.case) + HEIGHT * (slot - 1) for summary, slot in zip(found, slots, strict=True)]
        spread = [[one.rate - one.lowest for one in found], [one.highest - one.rate for one in found]]
        bars = axes.barh(
            places,
            [one.rate for one in found],
            height=HEIGHT - 0.02,
            xerr=spread,
            color=COLOURS[stack],
            ecolor="#495057",
            label=LABELS[stack],
            zorder=2 + number,
        )
        texts = [f"{one.rate:.0f}" + (f"  ({one.ratio:.2f}x)" if one.ratio else "") for one in found]
        axes.bar_label(bars, texts, padding=6, fontsize=8)
    axes.set_yticks(range(len(cases)), cases)
    axes.invert_yaxis()
    axes.set_xlabel("responses a second: median of the rounds, with the lowest and the highest")
    axes.set_title(title, fontsize=10)
    axes.margins(x=0.15)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="x", color="#e9ecef", zorder=0)
    figure.legend(loc="outside lower right", ncols=4, fontsize=8)
    for file in files:
        figure.savefig(file, dpi=150)
    plt.close(figure)


def _stacks(summaries: Sequence[Summary], case: str) -> list[str]:
    return [summary.stack for summary in summaries if summary.case == case]
