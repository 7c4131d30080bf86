"""Run the system under test: gunicorn processes on free ports."""

import os
import signal
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from devservers.ports import Address, find_free_port
from devservers.processes import RUN_VARIABLE, end_processes, send_to_group, spawn, wait_for
from devtools.projects import (
    PROJECTS,
    Project,
    gunicorn_command,
    manage_command,
    service_environment,
    with_database,
)
from tests.api import Client, DirectClient

START_SECONDS = 20.0
STOP_SECONDS = 12.0  # more than the services' graceful_timeout

# Variables that services inherit from the test run. A developer's DEBUG or SECRET_KEY must not reach them.
PASSED_ON = ("HOME", "LANG", "LC_ALL", "PATH", RUN_VARIABLE, "TMPDIR", "TZ", "VIRTUAL_ENV")


@dataclass
class Service:
    """One service under gunicorn."""

    project: Project
    address: Address
    environment: Mapping[str, str]
    log_file: Path
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        """The URL of the service itself, without the gateway."""
        return self.address.url

    @property
    def log(self) -> str:
        """The standard output and error of the service so far."""
        return self.log_file.read_text(errors="replace")

    def client(self) -> Client:
        """Return a client for the service itself."""
        return Client(self.url)

    def launch(self) -> None:
        """Start the processes without waiting for them."""
        command = gunicorn_command(self.project)
        with self.log_file.open("ab") as log:
            self.process = spawn(
                command,
                cwd=self.project.folder,
                env=self.environment,
                output=log,
                death_signal=None,  # unsafe with threads; leftover processes are found by the name of the run
            )

    def wait_until_ready(self) -> None:
        """Wait until the service is healthy; fail with its log if it exits or takes too long."""
        done = wait_for(lambda: self.address.health() == 200 or self.has_ended(), seconds=START_SECONDS)
        if not done or self.has_ended():
            self.stop()
            raise RuntimeError(f"The {self.project.name} service did not start:\n{self.log}")

    def start(self) -> None:
        """Start the service, always on the same port, and wait until it is healthy."""
        self.launch()
        self.wait_until_ready()

    def has_ended(self) -> bool:
        """Return whether the main process has exited."""
        return self.process is None or self.process.poll() is not None

    def stop(self) -> None:
        """Stop the service gracefully; kill it if that takes too long."""
        stop_all([self])

    def kill(self) -> None:
        """Kill all processes of the service."""
        send_to_group(self.process, signal.SIGKILL)
        self.process.wait()

    def suspend(self) -> None:
        """Freeze all processes. The kernel still accepts connections, but the service does not respond."""
        send_to_group(self.process, signal.SIGSTOP)
        master = psutil.Process(self.process.pid)
        frozen = wait_for(lambda: all(map(_is_frozen, [master, *master.children()])), seconds=START_SECONDS)
        assert frozen, "a process still runs after SIGSTOP"

    def resume(self) -> None:
        """Resume frozen processes."""
        send_to_group(self.process, signal.SIGCONT)


@dataclass(frozen=True)
class System:
    """The gateway and all services, configured with each other's addresses."""

    by_name: Mapping[str, Service]

    @property
    def user(self) -> Service:
        """The user service."""
        return self.by_name["user"]

    @property
    def order(self) -> Service:
        """The order service."""
        return self.by_name["order"]

    @property
    def gateway(self) -> Service:
        """The gateway."""
        return self.by_name["gateway"]

    @property
    def services(self) -> tuple[Service, ...]:
        """All services, in start order."""
        return (*self.by_name.values(),)

    @property
    def of_an_order(self) -> tuple[Service, ...]:
        """The services that handle a new order."""
        return (self.user, self.order, self.gateway)

    @property
    def database_urls(self) -> dict[str, str]:
        """The URLs of the databases, by project name."""
        return {project.name: self.by_name[project.name].environment["DATABASE_URL"] for project in with_database()}

    def direct_client(self) -> DirectClient:
        """Return a client that bypasses the gateway."""
        return DirectClient(self.user.url, self.order.url)


def _is_frozen(process: psutil.Process) -> bool:
    return process.status() == psutil.STATUS_STOPPED


def stop_all(services: Iterable[Service]) -> None:
    """Stop services in parallel."""
    running = [service for service in services if not service.has_ended()]
    for service in running:
        service.resume()
    end_processes([psutil.Process(service.process.pid) for service in running], seconds=STOP_SECONDS)
    for service in running:
        service.process.wait()


def kill_all(services: Iterable[Service]) -> None:
    """Kill services; a graceful stop would take seconds."""
    for service in services:
        if not service.has_ended():
            service.kill()


def run_in_parallel(commands: Iterable[tuple[Project, Mapping[str, str], Sequence[str]]]) -> None:
    """Run Django commands (project, environment, arguments) in parallel; fail unless all succeed."""
    processes = [
        subprocess.Popen(manage_command(project, *arguments), cwd=project.folder, env=environment)
        for project, environment, arguments in commands
    ]
    statuses = [process.wait() for process in processes]
    if any(statuses):
        raise RuntimeError(f"A command failed; its output is above: {[process.args for process in processes]}")


def migrate(database_urls: Mapping[str, str], data_dir: Path) -> None:
    """Apply the migrations of all services."""
    run_in_parallel(
        (project, environment_of(project, {}, data_dir, database_urls), ["migrate", "--verbosity", "0"])
        for project in with_database()
    )


def environment_of(
    project: Project, addresses: Mapping[str, Address], data_dir: Path, database_urls: Mapping[str, str]
) -> dict[str, str]:
    """Return the environment of a service, independent of the developer's own settings."""
    base = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    return service_environment(
        project,
        addresses=addresses,
        data_dir=data_dir,
        database_url=database_urls.get(project.name),
        base=base | {"LOG_FORMAT": "console", "WEB_CONCURRENCY": "2"},
    )


@contextmanager
def running_system(
    database_urls: Mapping[str, str], data_dir: Path, log_dir: Path, **variables: str
) -> Iterator[System]:
    """Run all services on free ports, with ``variables`` added to their environment."""
    addresses = {name: Address("127.0.0.1", find_free_port()) for name in PROJECTS}
    services = {
        name: Service(
            project,
            addresses[name],
            environment_of(project, addresses, data_dir, database_urls) | variables,
            log_dir / f"{name}.log",
        )
        for name, project in PROJECTS.items()
    }
    try:
        for service in services.values():
            service.launch()
        for service in services.values():
            service.wait_until_ready()
        yield System(services)
    finally:
        kill_all(services.values())


@contextmanager
def running_another(system: System, name: str, log_dir: Path, **variables: str) -> Iterator[Service]:
    """Run another instance of a service beside ``system``, with ``variables`` added to its environment."""
    original, address = system.by_name[name], Address("127.0.0.1", find_free_port())
    environment = {**original.environment, "BIND": address.bind, **variables}
    service = Service(original.project, address, environment, log_dir / f"another-{name}.log")
    try:
        service.start()
        yield service
    finally:
        kill_all([service])
