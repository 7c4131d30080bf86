"""Databases for a command: those of a running ``up``, the user's own, or a temporary private server."""

import contextlib
import re
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from devservers.postgres import PrivatePostgres, running
from devtools.configuration import Configuration
from devtools.data_folder import DataFolder, FolderInUseError
from devtools.errors import DevtoolsError
from devtools.projects import PROJECTS, with_database

PATIENCE_SECONDS = 30.0  # for another command on the same data folder, or an `up` that is starting
CONNECT_SECONDS = 5
MALFORMED = "it is not postgresql://user:password@host:5432/name, with special characters percent-encoded"


@contextlib.contextmanager
def database_urls(configuration: Configuration, *, command: str) -> Iterator[Mapping[str, str]]:
    """Provide the database URL of each project that has one, for as long as the context lasts."""
    folder = DataFolder(configuration.data_dir)
    with contextlib.ExitStack() as stack:
        try:
            if configuration.needs_postgres:
                stack.enter_context(folder.lock(command, patience_seconds=PATIENCE_SECONDS))
        except FolderInUseError as in_use:
            if in_use.args[1].command != "up":
                raise
            yield {**_urls_of_running_system(folder), **configuration.database_urls}
        else:
            yield stack.enter_context(provided_databases(configuration, folder.path))


@contextlib.contextmanager
def provided_databases(
    configuration: Configuration, folder: Path, *, throw_away: bool = False
) -> Iterator[Mapping[str, str]]:
    """Run a private server in the folder if a project has no database of the user's own; yield all URLs.

    Raises:
        DevtoolsError: one of the user's own databases cannot be reached.
    """
    own = configuration.database_urls
    check_own_databases(configuration)
    if not configuration.needs_postgres:
        yield own
        return
    server = PrivatePostgres(folder, throw_away=throw_away)
    with running(server, None if throw_away else configuration.postgres_port):
        yield {**create_databases(server), **own}


def create_databases(server: PrivatePostgres) -> dict[str, str]:
    """Create the database of every project; return their URLs by project name."""
    names = {project.name: str(project.database) for project in with_database()}
    for name in names.values():
        server.create_database(name)
    return {project: server.url(name) for project, name in names.items()}


def check_own_databases(configuration: Configuration) -> None:
    """Check that the user's own databases can be reached.

    Raises:
        DevtoolsError: one cannot; the message has the reason, and not the password.
    """
    for name, url in configuration.database_urls.items():
        if problem := problem_of_database(url):
            variable = PROJECTS[name].variable("DATABASE_URL")
            raise DevtoolsError(f"The database of {variable} cannot be reached: {problem}")


def problem_of_database(url: str) -> str:
    """Return why a database cannot be reached, without its password; "" if it can."""
    secret = url.partition("://")[2].rpartition("@")[0].partition(":")[2]
    if re.search(r"[][@:/?#\s]", secret):  # libpq would read a part of it as the host
        return MALFORMED
    import psycopg2  # slow to import, and not needed by every command

    try:
        psycopg2.connect(url, connect_timeout=CONNECT_SECONDS).close()
    except (psycopg2.ProgrammingError, UnicodeError):
        return MALFORMED
    except psycopg2.OperationalError as error:
        return str(error).strip()
    return ""


def _urls_of_running_system(folder: DataFolder) -> Mapping[str, str]:
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < give_up_at:
        if (run := folder.running_system()) and run.database_urls:
            return run.database_urls
        time.sleep(0.1)
    raise DevtoolsError("`up` is running and has not started its databases yet; retry later.")
