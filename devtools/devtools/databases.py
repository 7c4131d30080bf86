"""Gives a single command the databases: those of a running ``up``, the user's own, or a private server for a while."""

import contextlib
import time
from collections.abc import Iterator, Mapping

from devtools import postgres, run_state
from devtools.configuration import Configuration
from devtools.data_folder import DataFolder, FolderInUseError
from devtools.errors import LauncherError
from devtools.ports import find_free_port, holder_of
from devtools.postgres import PrivatePostgres
from devtools.projects import with_database

PATIENCE_SECONDS = 30.0  # with another command on the same data folder, or with an `up` that is starting
NO_PORT = "could not create any TCP/IP sockets"  # what PostgreSQL says then
START_ATTEMPTS = 5  # somebody else may take the free port before PostgreSQL does


@contextlib.contextmanager
def database_urls(configuration: Configuration, *, purpose: str) -> Iterator[Mapping[str, str]]:
    """Provide the database URL of each project that has one, for as long as the context lasts."""
    if not configuration.needs_postgres:
        yield configuration.database_urls
        return
    folder = DataFolder(configuration.data_dir)
    folder.prepare()
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(folder.lock(purpose, patience_seconds=PATIENCE_SECONDS))
        except FolderInUseError as in_use:
            if in_use.holder.purpose != "up":
                raise
            yield {**urls_of_running_system(folder, in_use), **configuration.database_urls}
            return
        run_state.end_leftovers(folder)
        server = stack.enter_context(running(PrivatePostgres(folder), configuration.postgres_port))
        yield {**create_databases(server), **configuration.database_urls}


def urls_of_running_system(folder: DataFolder, in_use: FolderInUseError) -> Mapping[str, str]:
    """Return the URLs that a running ``up`` noted; it may be a moment from noting them."""
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < give_up_at:
        state = run_state.load(folder)
        if state is not None and state.pid == in_use.holder.pid and state.database_urls:
            return state.database_urls
        time.sleep(0.1)
    raise LauncherError(f"{in_use.message} It has not started its databases yet; try again.")


@contextlib.contextmanager
def running(server: PrivatePostgres, port: int | None = None) -> Iterator[PrivatePostgres]:
    """Run a server while the context lasts; what it prints goes to ``postgres.log`` in its home.

    Raises:
        LauncherError: it does not start; with its last lines.
    """
    server.prepare()
    log_file = server.folder.path / "postgres.log"
    for _ in range(START_ATTEMPTS):
        with log_file.open("wb") as log:
            process = server.spawn(server.command(port or find_free_port()), output=log)
        try:
            if server.wait_until_ready(process):
                yield server
                return
        finally:
            postgres.stop(process)
        text = log_file.read_text(errors="replace")
        if port is not None or NO_PORT not in text:
            raise LauncherError(explain_failed_start(server, text))
    raise LauncherError(f"PostgreSQL found no free port in {START_ATTEMPTS} attempts.")


def explain_failed_start(server: PrivatePostgres, text: str) -> str:
    """Say why PostgreSQL did not start, with what it printed."""
    if NO_PORT in text:
        holder = holder_of(server.port) or "a process of another user"
        return f"Port {server.port}, which POSTGRES_PORT names, is in use by {holder}. Choose another POSTGRES_PORT."
    return f"PostgreSQL did not start:\n{text.strip()}"


def create_databases(server: PrivatePostgres) -> dict[str, str]:
    """Create every project's database on the server; return their URLs."""
    urls = {}
    for project in with_database():
        if project.database:
            server.create_database(project.database)
            urls[project.name] = server.url(project.database)
    return urls
