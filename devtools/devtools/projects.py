"""The three projects: what they are called, how each is started, and the environment that it is started with.

A service is a gunicorn process::

    subprocess.Popen(
        gunicorn_command(PROJECTS["user"]),
        cwd=PROJECTS["user"].folder,
        env=service_environment(
            PROJECTS["user"],
            addresses={"user": Address("127.0.0.1", 8000)},
            data_dir=Path("/var/tmp/data"),
            database_url="postgresql://...",
        ),
    )
"""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# Set for one project, these would mislead the next.
PROJECT_VARIABLES = (
    "BIND",
    "DATABASE_URL",
    "DJANGO_SETTINGS_MODULE",
    "PYTHONPATH",
    "PYTHONHOME",
    "PYTHONSAFEPATH",
)


@dataclass(frozen=True)
class Address:
    """Where a service listens."""

    host: str
    port: int

    @property
    def bind(self) -> str:
        """The address as gunicorn takes it: ``127.0.0.1:8000``, ``[::1]:8000``."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def client_host(self) -> str:
        """The host at which a client on this machine reaches the service."""
        return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104 - compared, not bound  # nosec B104

    @property
    def url(self) -> str:
        """The URL for clients on this machine, with no slash at its end."""
        return f"http://{Address(self.client_host, self.port).bind}"


@dataclass(frozen=True)
class Project:
    """One Django project of this repository."""

    name: str
    default_port: int
    database: str | None = None
    calls: tuple[str, ...] = ()  # the projects whose URLs it needs

    @property
    def package(self) -> str:
        """Its Python package, which is also the name of its folder."""
        return f"{self.name}_project"

    @property
    def folder(self) -> Path:
        """Where its ``manage.py`` is; the working directory of its processes."""
        return ROOT / self.package

    @property
    def port_variable(self) -> str:
        """The environment variable that moves its port."""
        return f"{self.name.upper()}_PORT"

    @property
    def database_variable(self) -> str:
        """The environment variable that gives it a database of the user's own."""
        return f"{self.name.upper()}_DATABASE_URL"

    @property
    def url_variable(self) -> str:
        """The environment variable that tells other services where it is."""
        return f"{self.name.upper()}_SERVICE_URL"


PROJECTS: Mapping[str, Project] = {
    project.name: project
    for project in (
        Project("user", 8000, database="user_service_db"),
        Project("order", 3000, database="order_service_db", calls=("user",)),
        Project("gateway", 8081, calls=("user", "order")),
    )
}


def with_database() -> list[Project]:
    """Return the projects that have a database."""
    return [project for project in PROJECTS.values() if project.database]


def service_environment(
    project: Project,
    *,
    addresses: Mapping[str, Address],
    data_dir: Path,
    database_url: str | None = None,
    base: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Build the environment of a project's processes.

    Args:
        project: whose process it is.
        addresses: by project name: where the project itself listens (it may be missing for a management command)
            and where the services that it calls are.
        data_dir: the folder in which the project keeps its secret key.
        database_url: ``postgresql://user:password@host:port/name``; needed by the user and the order project.
        base: what passes through; the environment of this process when left out.
    """
    inherited = os.environ if base is None else base
    environment = {name: value for name, value in inherited.items() if name not in PROJECT_VARIABLES}
    environment["DATA_DIR"] = str(data_dir)
    environment.setdefault("LOG_FORMAT", "console")
    if project.name in addresses:
        environment["BIND"] = addresses[project.name].bind
    if project.database and database_url:
        environment["DATABASE_URL"] = database_url
    for called in project.calls:
        if called in addresses:
            environment[PROJECTS[called].url_variable] = addresses[called].url
    return environment


def gunicorn_command(project: Project) -> list[str]:
    """Return the command line that serves the project; its ``gunicorn.conf.py`` reads the environment."""
    return [sys.executable, "-m", "gunicorn", f"{project.package}.wsgi"]


def manage_command(project: Project, *arguments: str) -> list[str]:
    """Return the command line of one of the project's Django commands; run it in the project's folder."""
    return [sys.executable, str(project.folder / "manage.py"), *arguments]
