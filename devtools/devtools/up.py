"""The command ``up``: starts PostgreSQL, the migrations, the services and their workers, and stops them."""

import contextlib
import os
import time

from devservers.folders import modification_times
from devservers.ports import PortsError, listen
from devservers.postgres import PostgresError, PrivatePostgres, running
from devservers.supervisor import Child, Console, ProcessEndedError, StopRequested, Supervisor
from devtools.configuration import Configuration
from devtools.data_folder import DataFolder, Run
from devtools.databases import check_own_databases, create_databases
from devtools.errors import DevtoolsError
from devtools.projects import PROJECTS, ROOT, gunicorn_command, manage_command, service_environment, with_database
from issuer.environment import has_development_issuer
from scaffold.descriptions import Project

LOG_FILE = "up.log"
READY_SECONDS = 60
PATIENCE_SECONDS = 10.0  # for a short command on the same data folder
HEALTHY = 200
POSTGRES = "postgres"
CREDENTIALS = '\n       -H "Authorization: Bearer $(python3 manage_all.py token --subject me --scope users:write)" \\'

WELCOME = """
Ready after {seconds:.1f} s.
  Gateway          {gateway}
  Browsable API    {pages}
  Admins           {admins}
  Health           {gateway}/health
{services}Try:
  curl -X POST {gateway}/users -H 'Content-Type: application/json' \\{token}
       -d '{{"name": "John", "email": "john@example.com"}}'
Demo data and an admin account: python3 manage_all.py demo      Stop: Ctrl-C

"""


def up(configuration: Configuration, *, reload: bool) -> None:
    """Start everything, wait for a signal, and stop everything; with ``reload``, replace changed processes.

    Raises:
        DevtoolsError: the system cannot start, or one of its processes ended.
    """
    started, folder = time.monotonic(), DataFolder(configuration.data_dir)
    with folder.lock("up", patience_seconds=PATIENCE_SECONDS) as run, contextlib.ExitStack() as stack:
        system = System(configuration, folder, run)
        try:
            system.start(stack)
            system.console.write(welcome(run, seconds=time.monotonic() - started))
            system.watch(reload=reload)
        except StopRequested:
            system.console.say("Stopping ...")
        except (DevtoolsError, PortsError, PostgresError, ProcessEndedError) as error:
            system.console.say(f"{error}\nStopping the rest ...")
            raise DevtoolsError("The system was stopped because of the failure above.") from error
        finally:
            system.supervisor.stop([each for each in system.supervisor.children.values() if each.name != POSTGRES])
            stack.close()  # ends PostgreSQL
        system.console.say("Stopped.")


def welcome(run: Run, *, seconds: float) -> str:
    """Return the table of addresses."""
    urls = {name: at.url.replace("127.0.0.1", "localhost") for name, at in run.addresses.items()}
    gateway = urls.pop("gateway")
    return WELCOME.format(
        seconds=seconds,
        gateway=gateway,
        pages="  ".join(
            f"{gateway}{path}" for each in PROJECTS.values() if each.routing for path in each.routing.paths
        ),
        admins="  ".join(f"{gateway}/admin/{project.name}/" for project in with_database()),
        token=CREDENTIALS if has_development_issuer(os.environ) else "",
        services="".join(f"  {f'{name.capitalize()} service':<16} {url}\n" for name, url in urls.items()),
    )


class System:
    """A run of the whole system, which holds the lock on its data folder.

    It opens the listening sockets of the services, which inherit them, so that no connection is refused while a new
    process replaces an old one.
    """

    def __init__(self, configuration: Configuration, folder: DataFolder, run: Run) -> None:
        self.configuration = configuration
        self.folder = folder
        self.run = run
        self.console = Console(folder.path / LOG_FILE)
        self.supervisor = Supervisor(self.console)

    def start(self, stack: contextlib.ExitStack) -> None:
        """Start PostgreSQL, the migrations, the services and their workers, and wait until all are ready."""
        if ended := self.folder.ended_leftovers:
            self.console.say(f"Ended {ended} leftover processes of an earlier run.")
        check_own_databases(self.configuration)
        self.run.addresses = self.configuration.addresses
        self.sockets = listen(self.run.addresses, {name: each.variable("PORT") for name, each in PROJECTS.items()})
        if self.configuration.needs_postgres:
            self.console.say(f"Starting PostgreSQL on {self.folder.path} ...")
            server = PrivatePostgres(self.folder.path)
            process = stack.enter_context(running(server, self.configuration.postgres_port))
            self.supervisor.children[POSTGRES] = Child(POSTGRES, process, server.log_file)
            self.run.database_urls = create_databases(server)
        self.run.database_urls = {**self.run.database_urls, **self.configuration.database_urls}
        self.folder.save(self.run)
        self.console.say("Applying migrations ...")
        command = ("migrate", "--noinput", "--verbosity", "1")
        self.supervisor.finish(
            [self._start(project, manage_command(project, *command), project.name) for project in with_database()]
        )
        self.console.say("Starting the services ...")
        self.known = {name: modification_times(project.folder, ROOT / "libs") for name, project in PROJECTS.items()}
        for project in PROJECTS.values():
            self.supervisor.children |= self._serve(project)
        waiting = dict(self.run.addresses)

        def all_ready() -> bool:
            for name in [name for name, address in waiting.items() if address.health(seconds=0.5) == HEALTHY]:
                del waiting[name]
            return not waiting

        if not self.supervisor.wait_until(all_ready, seconds=READY_SECONDS):
            tails = [f"\n    {name}: {line}" for name in waiting for line in self.supervisor.children[name].tail]
            text = f"Not ready within {READY_SECONDS} s: {', '.join(waiting)}. Last lines:"
            raise DevtoolsError("".join([text, *tails]))
        for project in PROJECTS.values():
            self.supervisor.children |= self._work(project)
        self.supervisor.show_output(0)
        self.run.ready = True
        self.folder.save(self.run)

    def _serve(self, project: Project) -> dict[str, Child]:
        return {project.name: self._start(project, gunicorn_command(project), project.name)}

    def _work(self, project: Project) -> dict[str, Child]:
        name = project.worker_name
        return {name: self._start(project, manage_command(project, "work"), name)} if project.worker else {}

    def _start(self, project: Project, command: list[str], name: str) -> Child:
        url, data_dir = self.run.database_urls.get(project.name), self.folder.path
        environment = service_environment(project, addresses=self.run.addresses, data_dir=data_dir, database_url=url)
        inherited = [self.sockets[name].fileno()] if name in self.sockets else []
        for name_of_address in ("BIND", "METRICS_BIND"):  # the process inherits its only address
            environment.pop(name_of_address, None)
        if inherited:
            environment["BIND"] = f"fd://{inherited[0]}"
        return self.supervisor.start(name, command, cwd=project.folder, env=environment, inherited=inherited)

    def watch(self, *, reload: bool) -> None:
        """Show output, and replace processes whose code has changed, until a process ends or a signal arrives."""
        while True:
            self.supervisor.poll(0.3)
            for project in PROJECTS.values() if reload else ():
                if (found := modification_times(project.folder, ROOT / "libs")) != self.known[project.name]:
                    self.known[project.name] = found
                    if project.folder.exists():
                        self._replace(project)
                    else:
                        self.console.say(f"{project.folder} is missing.")

    def _replace(self, project: Project) -> None:
        """Start a new service and worker, and stop the old ones once the new ones are ready."""
        self.console.say(f"The code of the {project.name} service has changed; reloading ...")
        started = self._serve(project) | self._work(project)
        old, new = [self.supervisor.children[name] for name in started], started.values()
        are_ready = False
        try:
            self.supervisor.wait_until(
                lambda: all(each.is_ready or each.has_ended for each in new), seconds=READY_SECONDS
            )
            are_ready = all(each.is_ready and not each.has_ended for each in new)
        finally:
            if not are_ready:
                self.supervisor.kill(new)
        if are_ready:
            self.supervisor.children |= started
            self.supervisor.stop(old)
        else:
            self.console.say(f"The new code of the {project.name} service does not start; the old one keeps running.")
