"""The command ``up``: the whole system, from an empty folder to a table of addresses, and back to nothing."""

import secrets
import time
from collections.abc import Mapping

import psycopg2

from devtools import run_state
from devtools.configuration import Configuration
from devtools.data_folder import DataFolder
from devtools.databases import NO_PORT, START_ATTEMPTS, create_databases, explain_failed_start
from devtools.errors import LauncherError, StopRequested
from devtools.health import is_ready
from devtools.output import Output
from devtools.ports import check_ports, find_free_port
from devtools.postgres import PrivatePostgres
from devtools.projects import (
    PROJECTS,
    Project,
    gunicorn_command,
    manage_command,
    service_environment,
    with_database,
)
from devtools.run_state import RunState
from devtools.signals import StopSignals
from devtools.supervisor import Child, Supervisor
from devtools.welcome import welcome

READY_SECONDS = 60
PATIENCE_SECONDS = 10.0  # with a short command on the same data folder
REACH_SECONDS = 5


def up(configuration: Configuration) -> None:
    """Start everything, run until a signal comes, and stop everything.

    Raises:
        LauncherError: the system cannot start, or one of its processes ended.
    """
    signals = StopSignals()
    folder = DataFolder(configuration.data_dir)
    folder.prepare()
    with folder.lock("up", patience_seconds=PATIENCE_SECONDS):
        System(configuration, folder, Output(), signals).run()


class System:
    """One run of the whole system; its data folder is locked."""

    def __init__(
        self, configuration: Configuration, folder: DataFolder, output: Output, signals: StopSignals
    ) -> None:
        self.configuration = configuration
        self.folder = folder
        self.output = output
        self.state = RunState.of_this_process(run=secrets.token_hex(8), addresses=configuration.addresses)
        self.supervisor = Supervisor(self.state.run, output, signals)

    def run(self) -> None:
        """Go through the whole life of the system."""
        started = time.monotonic()
        ended = run_state.end_leftovers(self.folder)
        if ended:
            self.output.say(f"Ended {ended} processes that an earlier run had left behind.")
        check_ports(self.configuration.addresses)
        try:
            self.start_databases()
            self.migrate()
            self.start_services()
            self.wait_until_ready()
            self.state.ready = True
            self.state.save(self.folder)
            self.output.write(welcome(self.configuration.addresses, seconds=time.monotonic() - started))
            while True:
                self.supervisor.look()
        except StopRequested:
            self.output.say("Stopping ...")
        except LauncherError as error:
            self.output.say(f"{error.message}\nStopping the rest ...")
            raise LauncherError("The system was stopped because of the failure above.") from error
        finally:
            self.supervisor.stop()
            run_state.forget(self.folder)
        self.output.say("Stopped.")

    def start_databases(self) -> None:
        """Start the private PostgreSQL where it is needed, and note where each project's database is."""
        urls = dict(self.configuration.database_urls)
        for name, url in urls.items():
            check_reachable(PROJECTS[name], url)
        if self.configuration.needs_postgres:
            urls = {**create_databases(self.start_postgres()), **urls}
        self.state.database_urls = urls
        self.state.save(self.folder)

    def start_postgres(self) -> PrivatePostgres:
        """Start PostgreSQL; on another port when somebody takes the chosen one first."""
        self.output.say(f"Starting PostgreSQL on {self.folder.path} ...")
        server = PrivatePostgres(self.folder)
        server.prepare()
        for _ in range(START_ATTEMPTS):
            process = server.spawn(server.command(self.configuration.postgres_port or find_free_port()))
            child = self.supervisor.watch_output(Child("postgres", process))
            self.supervisor.postgres = child
            if server.wait_until_ready(process, idle=self.supervisor.look_for_signals):
                self.note_child(child)
                return server
            self.supervisor.drain(child)
            text = "\n".join(child.tail)
            if self.configuration.postgres_port or NO_PORT not in text:
                raise LauncherError(explain_failed_start(server, text))
        raise LauncherError(f"PostgreSQL found no free port in {START_ATTEMPTS} attempts.")

    def migrate(self) -> None:
        """Bring both databases up to date, side by side."""
        self.output.say("Applying migrations ...")
        self.supervisor.finish(
            [
                self.supervisor.start_command(
                    project.name,
                    manage_command(project, "migrate", "--noinput", "--verbosity", "1"),
                    cwd=project.folder,
                    env=self.environment(project),
                )
                for project in with_database()
            ]
        )

    def start_services(self) -> None:
        """Start the three services."""
        self.output.say("Starting the services ...")
        for project in PROJECTS.values():
            command, environment = gunicorn_command(project), self.environment(project)
            self.note_child(
                self.supervisor.start_service(project.name, command, cwd=project.folder, env=environment)
            )

    def wait_until_ready(self) -> None:
        """Wait until each service says that it is usable."""
        waiting = dict(self.configuration.addresses)

        def all_ready() -> bool:
            for name in [name for name, address in waiting.items() if is_ready(address)]:
                del waiting[name]
            return not waiting

        if not self.supervisor.wait_until(all_ready, seconds=READY_SECONDS):
            late = [child for child in self.supervisor.services if child.name in waiting]
            last_lines = "\n".join(f"    {child.name}: {line}" for child in late for line in child.tail)
            raise LauncherError(
                f"Not ready within {READY_SECONDS} s: {', '.join(waiting)}. Last lines:\n{last_lines}"
            )

    def environment(self, project: Project) -> Mapping[str, str]:
        """Build the environment of a project's processes."""
        return service_environment(
            project,
            addresses=self.configuration.addresses,
            data_dir=self.folder.path,
            database_url=self.state.database_urls.get(project.name),
        )

    def note_child(self, child: Child) -> None:
        """Write a started process down for a later ``up``, in case this one is killed."""
        self.state.add_child(child.name, child.process.pid)
        self.state.save(self.folder)


def check_reachable(project: Project, url: str) -> None:
    """Make sure that a database of the user's own answers.

    Raises:
        LauncherError: it does not; with the reason, and without the password.
    """
    try:
        psycopg2.connect(url, connect_timeout=REACH_SECONDS).close()
    except psycopg2.Error as error:
        raise LauncherError(
            f"The database of {project.database_variable} does not answer: {error}"
        ) from error
