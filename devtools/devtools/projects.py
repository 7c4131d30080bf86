"""The Django projects: their names, command lines and environments."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from devservers.ports import Address
from issuer.environment import development_environment
from scaffold.descriptions import TEMPLATE_PROJECT, Project, read_project, read_projects

ROOT = Path(__file__).resolve().parents[2]
# Variables of one project, which must not reach the processes of another.
PROJECT_VARIABLES = ("BIND", "DATABASE_URL", "DJANGO_SETTINGS_MODULE", "PYTHONPATH", "PYTHONHOME", "PYTHONSAFEPATH")

PROJECTS: Mapping[str, Project] = read_projects(ROOT)
# The template of a new service: checked and tested like the others, but never started.
TEMPLATE = read_project(ROOT / TEMPLATE_PROJECT)


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
    """Build the environment of a project's processes from the non-empty variables of ``base`` or this process.

    ``addresses`` has the projects that it calls and, except for a management command, its own; ``data_dir``
    contains its secret key; ``database_url`` is ``postgresql://user:password@host:port/name``.
    """
    inherited = os.environ if base is None else base
    environment = {name: value for name, value in inherited.items() if value and name not in PROJECT_VARIABLES}
    environment = {"LOG_FORMAT": "console", "EXPOSE_PORTAL": "true"} | environment | {"DATA_DIR": str(data_dir)}
    environment |= development_environment(data_dir, environment)
    if project.name in addresses:
        environment["BIND"] = addresses[project.name].bind
    if project.database and database_url:
        environment["DATABASE_URL"] = database_url
    for name in addresses.keys() & set(project.calls):
        environment[PROJECTS[name].variable("SERVICE_URL")] = addresses[name].url
    return environment


def gunicorn_command(project: Project) -> list[str]:
    """Return the command line that serves the project; its ``gunicorn.conf.py`` reads the environment."""
    return [sys.executable, "-m", "gunicorn", f"{project.package}.wsgi"]


def manage_command(project: Project, *arguments: str) -> list[str]:
    """Return the command line of one of the project's Django commands; run it in the project's folder."""
    return [sys.executable, str(project.folder / "manage.py"), *arguments]
