"""The command ``test``: every suite in its own process, on a throw-away PostgreSQL, and one line at the end."""

import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from launcher.configuration import ROOT_USERS_FOLDER, Configuration
from launcher.data_folder import DataFolder
from launcher.databases import running
from launcher.postgres import PrivatePostgres
from launcher.processes import end_processes, marked, processes_of_run
from launcher.projects import with_database
from launcher.suites import Suite, select_suites
from launcher.test_report import Counts, read_report
from launcher.throw_away import throw_away_database

NOTHING_COLLECTED = 5  # pytest's exit status
INTERRUPT_SECONDS = 10

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


def test(arguments: Sequence[str], configuration: Configuration) -> bool:
    """Run the suites that the arguments select, and print the counts as the last line; return whether all is well."""
    suites, pytest_arguments = select_suites(arguments)
    with_coverage = not arguments
    total, problems = Counts(), []
    with throw_away_folder() as folder, servers(folder, configuration, suites) as urls:
        for suite in suites:
            print(f"\n===== {suite.name}: {suite.paths_text()} =====", flush=True)
            status, counts = run_suite(suite, pytest_arguments, urls, folder, with_coverage=with_coverage)
            total += counts
            if status == NOTHING_COLLECTED and pytest_arguments:
                continue  # a selection such as -k need not match in every suite
            if status != 0:
                reason = "" if counts.failed or not with_coverage else "; no test failed, so see its coverage"
                problems.append(f"{suite.name}: pytest ended with exit status {status}{reason}")
    if total.ran == 0:
        problems.append("no test ran")
    for problem in problems:
        print(f"\nFAILED  {problem}", end="")
    print(f"\n{total}", flush=True)
    return not problems and total.failed == 0


@contextlib.contextmanager
def throw_away_folder() -> Iterator[Path]:
    """Make a folder and remove it at the end; for root where PostgreSQL's user can reach it, too."""
    parent = None
    if os.geteuid() == 0:
        parent = ROOT_USERS_FOLDER
        DataFolder(parent).prepare()
    folder = Path(tempfile.mkdtemp(prefix="test-", dir=parent))
    try:
        DataFolder(folder).prepare()
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def servers(
    folder: Path, configuration: Configuration, suites: Sequence[Suite]
) -> Iterator[Mapping[str, str]]:
    """Provide an empty database for each project, where the suites need one: on a private server, or on the user's own.

    A database that a person names is never touched: an empty one is made beside it and dropped at the end.
    """
    if not any(suite.databases for suite in suites):
        yield {}
        return
    with contextlib.ExitStack() as stack:
        urls = {
            name: stack.enter_context(throw_away_database(url, suffix=secrets.token_hex(4)))
            for name, url in configuration.database_urls.items()
        }
        if configuration.needs_postgres:
            data_folder = DataFolder(folder / "data")
            data_folder.prepare()
            server = stack.enter_context(running(PrivatePostgres(data_folder, throw_away=True)))
            for project in with_database():
                if project.name not in urls and project.database:
                    server.create_database(project.database)
                    urls[project.name] = server.url(project.database)
        yield urls


def run_suite(
    suite: Suite, arguments: Sequence[str], urls: Mapping[str, str], folder: Path, *, with_coverage: bool
) -> tuple[int, Counts]:
    """Run one suite; return pytest's exit status and the counts. Whatever its tests started is ended."""
    report = folder / f"{suite.name}.xml"
    run = secrets.token_hex(8)
    command = [sys.executable, "-m", "pytest", f"--junitxml={report}", "-rs"]
    command += [*(suite.coverage if with_coverage else []), *suite.options, *suite.selected(arguments)]
    process = subprocess.Popen(
        command, cwd=suite.folder, env=marked(environment_of(suite, urls, folder), run)
    )
    try:
        status = wait(process)
    finally:
        end_processes(processes_of_run(run), seconds=2)
    return status, read_report(report)


def wait(process: "subprocess.Popen[bytes]") -> int:
    """Wait for pytest. Where this program is to end, pytest gets the time to tear its fixtures down."""
    try:
        return process.wait()
    except BaseException:
        process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=INTERRUPT_SECONDS)
        process.kill()
        process.wait()
        raise


def environment_of(suite: Suite, urls: Mapping[str, str], folder: Path) -> dict[str, str]:
    """Build the environment of a suite, the same whatever the person has set for `up`."""
    environment = {name: value for name, value in os.environ.items() if name not in PERSONAL_VARIABLES}
    data_dir = folder / f"data-of-{suite.name}"
    data_dir.mkdir(mode=0o700)
    environment["DATA_DIR"] = str(data_dir)
    for project in with_database():
        environment.pop(project.database_variable, None)
        if project.name in suite.databases:
            environment[project.database_variable] = urls[project.name]
    environment.pop("DATABASE_URL", None)
    if suite.name in urls:
        environment["DATABASE_URL"] = urls[suite.name]
    return environment
