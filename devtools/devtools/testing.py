"""The command ``test``: runs each suite in its own pytest process, on a temporary PostgreSQL."""

import contextlib
import os
import re
import secrets
import signal
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET  # nosec B405
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from devservers.folders import temporary_directory
from devservers.processes import end_processes, marked, processes_of_run
from devtools.configuration import Configuration
from devtools.databases import provided_databases
from devtools.projects import PROJECTS, ROOT, TEMPLATE, with_database

LANES = int(os.environ.get("TEST_LANES", "5"))  # concurrent suites
COVERAGE = ("--cov", "--cov-branch", "--cov-append")
SPLIT = ("gateway", "system", "devtools")  # the longest suites, whose tests mostly wait, use two processes each
FIRST = (*SPLIT, "scaffold", "order", "speedups", "user")  # long suites, and some that mostly wait
FLOOR = 95  # per cent of lines and branches
NOTHING_COLLECTED = 5  # pytest's exit status
PROGRESS_SECONDS = 15
APP = "*/tests.py"  # the tests that `startapp` creates
USE_DATABASE = ("calls", "chassis", "events", "identity", "lists", "migrating", "observability", "openapi", "problems")
LIBRARIES = ("http1", "issuer", "speedups", "scaffold", "devservers", "conformance", "manifests")
UNMEASURED = ("scaffold", "devservers", "conformance")

# Settings for `up`, which must not affect the tests and checks.
PERSONAL_VARIABLES = {
    *("BIND_HOST", "POSTGRES_PORT", "ALLOWED_HOSTS", "DEBUG", "DJANGO_SETTINGS_MODULE", "GATEWAY_CONFIG"),
    *("AUTH", "AUTH_ISSUER", "AUTH_AUDIENCE", "AUTH_JWKS", "AUTH_TOKENS", "AUTH_TOKEN_TYPE"),
    *("HTTPS_ONLY", "LOG_FORMAT", "SECRET_KEY", "GUNICORN_CMD_ARGS", "WEB_CONCURRENCY", "DATABASE_URL"),
    *(project.variable(kind) for project in PROJECTS.values() for kind in ("PORT", "SERVICE_URL", "DATABASE_URL")),
}


@dataclass(frozen=True)
class Suite:
    """The tests of a project or library; ``databases`` are the projects whose databases they get."""

    name: str
    folder: Path
    databases: tuple[str, ...] = ()
    floor: bool = True  # of coverage

    @property
    def tests(self) -> Path:
        """The folder of the test modules."""
        return self.folder / "tests"

    def timing_modules(self) -> list[str]:
        """Return the modules with tests that measure time, which run alone."""
        return [str(file) for file in self.tests.rglob("test_*.py") if "\n@pytest.mark.timing" in file.read_text()]


def suites() -> dict[str, Suite]:
    """Return all suites in the order of their start. Suites that kill processes have no coverage floor."""
    databases = [each.name for each in with_database()]
    found = [Suite("system", ROOT, tuple(databases), floor=False), Suite("devtools", ROOT / "devtools", floor=False)]
    for project in reversed([*PROJECTS.values()]):
        found += [Suite(project.name, project.folder, (project.name,) if project.database else ())]
    # These create a database of their own on the server of any service.
    found += [Suite(TEMPLATE.name, TEMPLATE.folder, tuple(databases[:1]))]
    found += [Suite(name, ROOT / "libs" / name, tuple(databases[:1])) for name in USE_DATABASE]
    found += [Suite(name, ROOT / "libs" / name, floor=name not in UNMEASURED) for name in LIBRARIES]
    found.sort(key=lambda suite: FIRST.index(suite.name) if suite.name in FIRST else len(FIRST))
    return {suite.name: suite for suite in found}


def select(arguments: Sequence[str]) -> tuple[list[tuple[Suite, list[str]]], bool]:
    """Return the selected suites with their pytest arguments, and whether all tests are selected.

    Names of suites come first. Without a name, a path relative to the root or to the suite selects the suite.
    """
    known, rest, chosen = suites(), list(arguments), []
    while rest and (name := rest[0].rstrip("/").removesuffix("_project")) in known and not rest[0].startswith("-"):
        chosen.append(known[name])
        rest.pop(0)

    def for_suite(suite: Suite) -> list[str]:
        files = [argument.partition("::")[0] for argument in rest]
        full = [(ROOT if (ROOT / file).exists() else suite.folder) / file for file in files]
        own = [one.exists() and (one.is_relative_to(suite.tests) or one in suite.folder.glob(APP)) for one in full]
        parts = zip(rest, full, files, own, strict=True)
        given = [f"{path}{argument[len(file) :]}" if is_own else argument for argument, path, file, is_own in parts]
        return given if any(own) else [*rest, str(suite.tests), *map(str, sorted(suite.folder.glob(APP)))]

    if not chosen:
        chosen = [suite for suite in known.values() if str(suite.tests) not in for_suite(suite)] or [*known.values()]
    return [(suite, for_suite(suite)) for suite in chosen], not arguments


class Run:
    """Pytest on one suite."""

    def __init__(self, suite: Suite, arguments: list[str], urls: Mapping[str, str], folder: Path, part: str) -> None:
        self.suite, self.name = suite, f"{suite.name} {part}".strip()
        self.report, self.output = folder / f"{self.name}.xml", folder / f"{self.name}.txt"
        self.run = secrets.token_hex(8)
        self.process: subprocess.Popen[bytes] | None = None
        self.command = [sys.executable, "-m", "pytest", f"--junitxml={self.report}", "-rs", *arguments]
        environment = {name: value for name, value in os.environ.items() if name not in PERSONAL_VARIABLES}
        for variable in ("DATA_DIR", "TMPDIR"):  # leftover files are removed with the folder
            environment[variable] = tempfile.mkdtemp(prefix=f"{suite.name}-", dir=folder)
        environment |= {PROJECTS[name].variable("DATABASE_URL"): urls[name] for name in suite.databases}
        if suite.databases:  # a name of its own keeps a library out of the project's test database
            url = urlsplit(urls[suite.databases[0]])
            url = url if suite.name in PROJECTS else url._replace(path=f"/{suite.name}")
            environment["DATABASE_URL"] = url.geturl()
        self.environment = marked(environment, self.run)

    def start(self, *, live: bool) -> None:
        """Start pytest; its output goes to the terminal if ``live``, else to a file."""
        with self.output.open("wb") as file:
            options = {} if live else {"stdout": file, "stderr": subprocess.STDOUT}
            self.process = subprocess.Popen(self.command, cwd=self.suite.folder, env=self.environment, **options)  # type: ignore[call-overload]
        self.started = time.monotonic()

    def progress(self) -> str:
        """Return the progress that pytest printed last."""
        shown = re.findall(r"\[ *(\d+%)\]", self.output.read_text(errors="replace")) or ["0%"]
        return f"{self.name} {shown[-1]}"

    def end(self) -> None:
        """End pytest, after the teardown of its fixtures, and all processes that its tests started."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(10)
            self.process.kill()
            self.process.wait()
        end_processes(processes_of_run(self.run), seconds=2)

    def counts(self) -> Counter[str]:
        """Count the results in the report; without a report, pytest as a whole is one failure."""
        try:
            cases = ET.parse(self.report).iter("testcase")  # noqa: S314 - written by our pytest  # nosec B314
        except (OSError, ET.ParseError):
            return Counter(failed=1)
        results: dict[tuple[str | None, str | None], str] = {}  # an error in a teardown is a second entry of a case
        for case in cases:
            kinds = {child.tag for child in case}
            result = "failed" if kinds & {"failure", "error"} else "skipped" if "skipped" in kinds else "passed"
            key = case.get("classname"), case.get("name")
            results[key] = min(result, results.get(key, result))  # "failed" comes first
        return Counter(results.values())


def test(arguments: Sequence[str], configuration: Configuration) -> bool:
    """Run the suites that the arguments select, and print the counts as the last line; return whether all passed."""
    chosen, everything = select(arguments)
    with_coverage = everything and os.environ.get("TEST_COVERAGE") == "1"
    started, total, problems = time.monotonic(), Counter[str](), []
    with temporary_directory() as folder, temporary_directory(in_memory=True) as data, contextlib.ExitStack() as stack:
        urls: Mapping[str, str] = {}  # each suite creates its own test databases
        if any(suite.databases for suite, _ in chosen):
            urls = stack.enter_context(provided_databases(configuration, data, throw_away=True))
        together, alone, timing = [], [], ["-m", "timing", "-p", "no:xdist"]  # xdist adds a thread to reruns
        for suite, options in chosen:
            measured = COVERAGE if with_coverage and suite.floor else ()
            last = [f"--cov-fail-under={FLOOR}"] if with_coverage and suite.floor else []
            (suite.folder / ".coverage").unlink(missing_ok=True)
            if (modules := suite.timing_modules()) and everything:
                split = ["-n2", "--dist=loadfile"] if suite.name in SPLIT else []
                together.append(Run(suite, ["-m", "not timing", *split, *options, *measured], urls, folder, ""))
                alone.append(Run(suite, [*timing, *modules, *measured, *last], urls, folder, "timing"))
            else:
                together.append(Run(suite, [*options, *measured, *last], urls, folder, ""))
        for run in [*_finished(together, LANES), *_finished(alone, LANES)]:
            status = run.process.returncode if run.process else 1
            total += run.counts()
            if status != 0 and not (status == NOTHING_COLLECTED and not everything):
                problems.append(f"{run.name}: pytest ended with exit status {status}")
    problems += [] if total["passed"] or total["failed"] or "--collect-only" in arguments else ["no test ran"]
    print("".join(f"\nFAILED  {problem}" for problem in problems))
    print(f"Total time: {time.monotonic() - started:.0f} s")
    print(", ".join(f"{total[result]} {result}" for result in ("passed", "failed", "skipped")), flush=True)
    return not problems and not total["failed"]


def _finished(runs: Sequence[Run], lanes: int) -> Iterator[Run]:
    """Run up to ``lanes`` suites concurrently, and yield each when it has ended. On exit, end those that still run."""
    waiting, active, shown_at, live = list(runs), list[Run](), time.monotonic(), len(runs) == 1
    try:
        while waiting or active:
            while waiting and len(active) < lanes:
                active.append(waiting.pop(0))
                active[-1].start(live=live)
                print(f"{active[-1].name}: started", flush=True)
            time.sleep(0.1)
            for run in [run for run in active if run.process and run.process.poll() is not None]:
                active.remove(run)
                run.end()
                _show(run)
                yield run
            if active and not live and time.monotonic() - shown_at > PROGRESS_SECONDS:
                shown_at = time.monotonic()
                print("    " + ", ".join(run.progress() for run in active), flush=True)
    finally:
        for run in active:
            run.end()


def _show(run: Run) -> None:
    """Print the counts of a suite; if it failed, its whole output, else the reasons of skipped tests."""
    counts, output = run.counts(), run.output.read_text(errors="replace")
    failed = run.process is None or run.process.returncode != 0
    lines = [line for line in output.splitlines() if failed or re.match("SKIPPED|RERUN", line)]
    print("\n".join([f"===== {run.name} ====="] * bool(failed and lines) + lines), end="\n" if lines else "")
    words = ", ".join(f"{counts[result]} {result}" for result in ("passed", "failed", "skipped"))
    print(f"{run.name}: {words} in {time.monotonic() - run.started:.0f} s", flush=True)
