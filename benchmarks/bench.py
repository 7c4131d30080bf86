"""The command ``bench``: starts the stacks, loads them in alternation, and saves the results."""

import contextlib
import json
import os
import platform
import signal
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import psutil

from benchmarks import table
from benchmarks.databases import REFERENCE_ROWS, Databases, fill, private_databases
from benchmarks.own_stack import own_stack
from benchmarks.plot import draw
from benchmarks.reference import reference_stack
from benchmarks.rounds import Measurement, Rounds, check_responses, find_last_page
from benchmarks.scenarios import OWN, REFERENCE, REMEMBERING, STACKS, TEXTBOOK, BenchmarkCase, benchmark_cases
from benchmarks.stack import Stack
from benchmarks.startup import measure_starts
from benchmarks.summary import Summary, summarise
from benchmarks.usage import memory
from benchmarks.wrk import Load, find_wrk
from devtools.errors import DevtoolsError

RESULTS = Path(__file__).parent / "results"
EQUAL_LOAD = 0.7  # of the reference stack's median rate
EQUAL_LOAD_CASES = ("GET one user", "POST an order")
STARTS = 3
ROUTES = {"gateway": {False}, "direct": {True}, "both": {False, True}}  # is it direct?


@dataclass(frozen=True)
class Options:
    """The options of the command line."""

    against_reference: bool = False
    rounds: int = 7
    seconds: float = 3.0
    connections: int = 16
    workers: int = 2
    orders: int = 100_000
    only: str = ""
    route: str = "both"
    name: str = "latest"


@dataclass
class Results:
    """The results of all measurements."""

    options: Options
    machine: dict[str, Any]
    measurements: list[Measurement] = field(default_factory=list)
    paced: list[Measurement] = field(default_factory=list)
    memory: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    starts: list[float] = field(default_factory=list)


def bench(options: Options) -> None:
    """Measure, print, and save in ``benchmarks/results/``.

    Raises:
        DevtoolsError: a program is missing, or a stack does not start or returns a wrong response.
    """
    find_wrk()
    chosen = [case for case in benchmark_cases(options.only) if case.is_direct in ROUTES[options.route]]
    if not chosen:
        raise DevtoolsError(f"No benchmark case has {options.only!r} in its name.")
    results = Results(options, describe_machine())
    with unwound_by_signals():
        if not options.only:
            print("Starting `up` on existing data ...", flush=True)
            results.starts = measure_starts(STARTS)
        with (
            private_databases(orders=options.orders) as databases,
            running_stacks(options, databases) as stacks,
        ):
            drive(results, chosen, stacks, databases)
    print(report(results))
    save(results)


@contextlib.contextmanager
def unwound_by_signals() -> Iterator[None]:
    """Exit on SIGTERM and SIGHUP, so that the context managers stop their processes as on Ctrl-C."""

    def stop(number: int, _frame: object) -> None:
        raise SystemExit(128 + number)

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def running_stacks(options: Options, databases: Databases) -> Iterator[Mapping[str, Stack]]:
    """Run all stacks at once. Stacks that are not under load cost only memory."""
    folder, workers = databases.folder, options.workers
    with contextlib.ExitStack() as running:
        print("Starting the stacks ...", flush=True)
        stacks = [running.enter_context(own_stack(OWN, databases.own, folder, workers))]
        for name, variables in ((TEXTBOOK, {"SPEEDUPS": "off"}), (REMEMBERING, {"USER_CACHE_SECONDS": "5"})):
            stacks.append(running.enter_context(own_stack(name, databases.own, folder, workers, **variables)))
        if options.against_reference:
            reference = reference_stack(REFERENCE, databases.reference, folder, workers)
            stacks.append(running.enter_context(reference))
            fill(databases.reference, REFERENCE_ROWS, options.orders)
        yield {stack.name: stack for stack in stacks}


def drive(results: Results, chosen: list[BenchmarkCase], stacks: Mapping[str, Stack], databases: Databases) -> None:
    """Run all measurements."""
    options = results.options
    results.memory = {stack.name: memory({**stack.roots, "postgres": databases.postgres}) for stack in stacks.values()}
    check_responses(chosen, stacks)
    last_page = find_last_page(stacks[OWN], options.orders) if any("last" in one.name for one in chosen) else ""
    rounds = Rounds(stacks, databases.postgres, last_page)
    load = Load(options.connections, options.seconds)
    for case in chosen:
        print(f"{case.name} ...", flush=True)
        found = list(rounds.run(case, load, options.rounds))
        print(table.load_table(summarise(found)), flush=True)
        results.measurements += found
        if case.name in EQUAL_LOAD_CASES:
            results.paced += at_equal_load(rounds, case, load, found)


def at_equal_load(rounds: Rounds, case: BenchmarkCase, load: Load, found: list[Measurement]) -> Iterator[Measurement]:
    """Measure a case at a share of the reference stack's rate. Yield nothing if that rate was not measured."""
    for summary in summarise(found):
        if summary.stack == REFERENCE:
            rate = summary.rate * EQUAL_LOAD
            print(f"{case.name} at {rate:.0f} a second ...", flush=True)
            yield from rounds.run(case, replace(load, rate=rate), len({one.round for one in found}))


def describe_machine() -> dict[str, Any]:
    """Return the time of the measurement, and the hardware and software of the machine."""
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "cores": os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": platform.python_version(),
    }


def report(results: Results) -> str:
    """Return the results as text."""
    parts = [f"{results.machine}\n{asdict(results.options)}\n"]
    parts += [f"{name}: {description}" for name, description in STACKS.items() if name in results.memory]
    parts += ["", table.load_table(summarise(results.measurements))]
    if results.paced:
        parts += [f"At equal load, {EQUAL_LOAD:.0%} of the reference stack's rate:\n"]
        parts += [table.load_table(summarise(results.paced))]
    parts += [table.memory_table(results.memory)]
    if results.starts:
        times = ", ".join(f"{seconds:.1f}" for seconds in results.starts)
        parts += [f"up on existing data, to the first response: {median(results.starts):.1f} s ({times})"]
    return "\n".join(parts)


def save(results: Results) -> None:
    """Write ``NAME.json``, ``NAME.txt``, ``NAME.png`` and ``NAME.svg``."""
    RESULTS.mkdir(exist_ok=True)
    summaries: list[Summary] = summarise(results.measurements)
    content = {
        "machine": results.machine,
        "options": asdict(results.options),
        "summary": [asdict(summary) for summary in summaries],
        "equal_load": [asdict(summary) for summary in summarise(results.paced)],
        "memory": results.memory,
        "starts": results.starts,
        "measurements": [found.as_json() for found in [*results.measurements, *results.paced]],
    }
    base = RESULTS / results.options.name
    base.with_suffix(".json").write_text(json.dumps(content, indent=1) + "\n")
    base.with_suffix(".txt").write_text(report(results) + "\n")
    machine, options = results.machine, results.options
    title = (
        f"{machine['cores']} cores, Python {machine['python']}, {options.workers} processes per service, "
        f"{options.connections} connections, {options.rounds} rounds"
    )
    draw(summaries, title, [base.with_suffix(".png"), base.with_suffix(".svg")])
    print(f"Saved as {base}.json, .txt, .png and .svg")
