"""The command ``test``: every suite in its own process, on a throw-away PostgreSQL, and one line at the end."""

import contextlib
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from devtools.configuration import ROOT_USERS_FOLDER, Configuration
from devtools.data_folder import DataFolder
from devtools.databases import running
from devtools.postgres import PrivatePostgres
from devtools.projects import with_database
from devtools.suite_run import SuiteRun, finished
from devtools.suites import Suite, select_suites
from devtools.test_report import Counts, read_report
from devtools.throw_away import throw_away_database

# It doubles the time of the gateway's suite; CI asks for it.
WITH_COVERAGE = os.environ.get("TEST_COVERAGE") == "1"
NOTHING_COLLECTED = 5  # pytest's exit status


def test(arguments: Sequence[str], configuration: Configuration) -> bool:
    """Run the suites that the arguments select, and print the counts as the last line; return whether all is well."""
    suites, pytest_arguments = select_suites(arguments)
    with_coverage = WITH_COVERAGE and not arguments
    total, problems = Counts(), []
    with throw_away_folder() as folder, servers(folder, configuration, suites) as urls:
        runs = [SuiteRun(suite, pytest_arguments, urls, folder, with_coverage) for suite in suites]
        for run in finished(runs):
            status, counts = run.status, read_report(run.report)
            total += counts
            if status == NOTHING_COLLECTED and pytest_arguments:
                continue  # a selection such as -k need not match in every suite
            if status != 0:
                reason = "" if counts.failed or not with_coverage else "; no test failed, so see its coverage"
                problems.append(f"{run.suite.name}: pytest ended with exit status {status}{reason}")
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
