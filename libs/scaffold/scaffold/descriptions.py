"""Descriptions of the Django projects: each has a ``service.toml`` in its folder.

port = 8000
metrics_port = 9100               # METRICS_BIND in containers; this is the default
database = "user_service_db"      # default: none
calls = ["user"]                  # services that it calls
worker = true                     # it has a worker, `manage.py work`, which needs a database
[gateway]
paths = ["/users"]                # in addition to /admin/NAME and /static/NAME
connect_timeout = 1.0             # seconds
read_timeout = 10.0               # seconds between bytes
max_body = "1 MiB"
rate_limit = "100/second"         # per client; default: none
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

DESCRIPTION = "service.toml"
TEMPLATE_PROJECT = Path("devtools/template/example_project")
GATEWAY = "gateway"
HIGHEST_PORT = 65_535
METRICS_PORT = 9100  # METRICS_BIND in containers; not published


class DescriptionError(Exception):
    """A description is invalid; the message names the file, the key and the reason."""


@dataclass(frozen=True)
class Routing:
    """The ``[gateway]`` table of a service: its paths, timeouts and limits."""

    paths: tuple[str, ...]
    connect_timeout: float = 1.0
    read_timeout: float = 10.0
    max_body: str = "1 MiB"
    rate_limit: str | None = None


@dataclass(frozen=True)
class Project:
    """One Django project of the repository."""

    name: str
    folder: Path
    """The folder of its ``manage.py``, the working directory of its processes."""
    port: int
    packages: tuple[str, ...]
    database: str | None = None
    calls: tuple[str, ...] = ()
    worker: bool = False
    metrics_port: int = METRICS_PORT
    routing: Routing | None = None

    @property
    def package(self) -> str:
        """Its Python package, which is also the name of its folder."""
        return f"{self.name}_project"

    @property
    def worker_name(self) -> str:
        """The name of its worker, ``manage.py work``, if it has one."""
        return f"{self.name}-worker"

    @property
    def is_gateway(self) -> bool:
        """Whether it is the gateway, in front of the services."""
        return self.name == GATEWAY

    def variable(self, suffix: str) -> str:
        """Return the name of its environment variable PORT, DATABASE_URL or SERVICE_URL."""
        return f"{self.name.upper()}_{suffix}"


def read_projects(root: Path) -> dict[str, Project]:
    """Return the projects in ``root`` by name, ordered by the number of services that they call, the gateway last.

    Raises:
        DescriptionError: a description is invalid, or two descriptions contradict each other.
    """
    found = [read_project(file.parent) for file in root.glob(f"*_project/{DESCRIPTION}")]
    projects: dict[str, Project] = {}
    for project in sorted(found, key=lambda each: (each.is_gateway, len(each.calls), each.name)):
        routed = tuple(each.name for each in projects.values() if each.routing)
        if unknown := set(project.calls) - {each.name for each in found if each.routing}:
            raise DescriptionError(f"{_file(project)}: calls: there is no service {', '.join(sorted(unknown))}.")
        projects[project.name] = replace(project, calls=routed) if project.is_gateway else project
    if GATEWAY not in projects:
        raise DescriptionError(f"There is no {GATEWAY}_project/{DESCRIPTION} in {root}.")
    _refuse_clashes([*projects.values()])
    return projects


def read_project(folder: Path) -> Project:
    """Return the project in ``folder``, which is named NAME_project.

    Raises:
        DescriptionError: its description is invalid.
    """
    file = folder / DESCRIPTION
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8"))
        build = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["uv"]["build-backend"]
        routing = table.pop("gateway", None)
        return Project(
            name=folder.name.removesuffix("_project"),
            folder=folder,
            packages=tuple(build["module-name"]),
            port=_port(table.pop("port")),
            metrics_port=_port(table.pop("metrics_port", METRICS_PORT)),
            calls=tuple(table.pop("calls", ())),
            worker=_worker(table),
            routing=_routing(routing) if routing else None,
            **table,
        )
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise DescriptionError(f"{file}: {error}") from error


def refuse_unlisted_packages(project: Project) -> None:
    """Refuse packages of the project, such as a new Django app, that are not in its ``module-name``.

    They can be imported here, but builds leave them out.

    Raises:
        DescriptionError: a package is not listed.
    """
    found = {file.parent.name for file in project.folder.glob("*/__init__.py")} - {"tests", *project.packages}
    if found:
        raise DescriptionError(f"{project.package}/pyproject.toml: module-name: add {', '.join(sorted(found))}.")


def _port(value: object) -> int:
    if not isinstance(value, int) or not 0 < value <= HIGHEST_PORT:
        raise ValueError(f"{value!r} is not a port from 1 to {HIGHEST_PORT}")
    return value


def _worker(table: dict[str, Any]) -> bool:
    worker = table.pop("worker", False)
    if not isinstance(worker, bool):
        raise TypeError(f"worker: {worker!r} is neither true nor false")
    if worker and "database" not in table:
        raise ValueError("worker: it needs a database")
    return worker


def _routing(table: Mapping[str, Any]) -> Routing:
    if unknown := set(table) - set(Routing.__dataclass_fields__):
        raise ValueError(f"gateway.{min(unknown)}: unknown key")
    routing = Routing(**{**table, "paths": tuple(table.get("paths", ()))})
    if not routing.paths or not all(path.startswith("/") and path.rstrip("/") == path for path in routing.paths):
        raise ValueError('gateway.paths: must be paths such as "/users"')
    return routing


def _refuse_clashes(projects: Sequence[Project]) -> None:
    owners: dict[object, Project] = {}
    for project in projects:
        paths = project.routing.paths if project.routing else ()
        for key in (project.port, *paths, *project.packages, *([project.database] if project.database else [])):
            if (other := owners.setdefault(key, project)) is not project:
                raise DescriptionError(f"{_file(project)}: {key} is already used by {other.package}.")


def _file(project: Project) -> Path:
    return project.folder / DESCRIPTION
