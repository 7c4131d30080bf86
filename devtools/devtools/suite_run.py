"""One suite at work, and several side by side."""

import contextlib
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from devtools.processes import end_processes, marked, processes_of_run
from devtools.projects import with_database
from devtools.suites import Suite

LANES = int(os.environ.get("TEST_LANES", "2"))  # suites at once: much of a suite is waiting for processes
INTERRUPT_SECONDS = 10
POLL_SECONDS = 0.1

# What a person has set for `up` is not meant for the tests.
PERSONAL_VARIABLES = frozenset(
    {
        *(
            "BIND_HOST",
            "GATEWAY_PORT",
            "USER_PORT",
            "ORDER_PORT",
            "POSTGRES_PORT",
            "USER_SERVICE_URL",
            "ORDER_SERVICE_URL",
        ),
        *(
            "ALLOWED_HOSTS",
            "DEBUG",
            "DJANGO_SETTINGS_MODULE",
            "GATEWAY_CONFIG",
            "HTTPS_ONLY",
            "LOG_FORMAT",
            "SECRET_KEY",
        ),
        *("GUNICORN_CMD_ARGS", "WEB_CONCURRENCY"),
    }
)


class SuiteRun:
    """A suite in a pytest process of its own, whose output is shown as a whole, or as it comes."""

    def __init__(
        self,
        suite: Suite,
        arguments: Sequence[str],
        urls: Mapping[str, str],
        folder: Path,
        with_coverage: bool,  # noqa: FBT001 - the caller names it
    ) -> None:
        self.suite = suite
        self.report = folder / f"{suite.name}.xml"
        self.output = folder / f"{suite.name}.txt"
        self._run = secrets.token_hex(8)
        self._command = [sys.executable, "-m", "pytest", f"--junitxml={self.report}", "-rs"]
        self._command += suite.coverage if with_coverage else []
        self._command += [*suite.options, *suite.selected(arguments)]
        self._environment = marked(environment_of(suite, urls, folder), self._run)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def status(self) -> int | None:
        """Pytest's exit status, once it has ended."""
        return self._process.poll() if self._process else None

    def start(self, *, live: bool) -> None:
        """Start pytest; its output goes to the terminal when ``live``, else it is kept for ``show``."""
        print(f"\n===== {self.suite.name}: {self.suite.paths_text()} =====", flush=True)
        with self.output.open("wb") as output:
            self._process = subprocess.Popen(
                self._command,
                cwd=self.suite.folder,
                env=self._environment,
                stdout=None if live else output,
                stderr=None if live else subprocess.STDOUT,
            )

    def show(self) -> None:
        """Print what was kept."""
        if text := self.output.read_text(errors="replace"):
            print(f"\n===== {self.suite.name} has ended =====\n{text}", end="", flush=True)

    def end(self) -> None:
        """End pytest, which gets the time to tear its fixtures down, and whatever its tests started."""
        if self._process and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout=INTERRUPT_SECONDS)
            self._process.kill()
            self._process.wait()
        end_processes(processes_of_run(self._run), seconds=2)


def finished(runs: Sequence[SuiteRun]) -> Iterator[SuiteRun]:
    """Run them, ``LANES`` at once, and yield each when it has ended. Whatever happens, nothing goes on afterwards."""
    live = len(runs) == 1
    waiting = list(runs)
    running: list[SuiteRun] = []
    try:
        while waiting or running:
            while waiting and len(running) < LANES:
                running.append(waiting.pop(0))
                running[-1].start(live=live)
            time.sleep(POLL_SECONDS)
            for run in [run for run in running if run.status is not None]:
                running.remove(run)
                run.end()
                run.show()
                yield run
    finally:
        for run in running:
            run.end()


def environment_of(suite: Suite, urls: Mapping[str, str], folder: Path) -> dict[str, str]:
    """Build the environment of a suite, the same whatever the person has set for `up`."""
    environment = {name: value for name, value in os.environ.items() if name not in PERSONAL_VARIABLES}
    data_dir = folder / f"data-of-{suite.name}"
    data_dir.mkdir(mode=0o700)
    environment["DATA_DIR"] = str(data_dir)
    temporary = folder / f"tmp-{suite.name}"  # whatever killed processes leave there goes with the folder
    temporary.mkdir(mode=0o700)
    environment["TMPDIR"] = str(temporary)
    for project in with_database():
        environment.pop(project.database_variable, None)
        if project.name in suite.databases:
            environment[project.database_variable] = urls[project.name]
    environment.pop("DATABASE_URL", None)
    if len(suite.databases) == 1:
        environment["DATABASE_URL"] = urls[suite.databases[0]]
    return environment
