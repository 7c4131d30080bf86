"""Generates configuration files of other tools from the descriptions of the projects.

The path of a template below ``templates`` is the path of its file in the repository. A template with ``NAME`` in its
path is rendered for each project that needs it. Templates include the alerts, alert tests, panels, routes and
variables in the ``deploy`` folders of the projects.
"""

import contextlib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from scaffold import compose, locked
from scaffold.dashboard import dashboard
from scaffold.descriptions import (
    GATEWAY,
    TEMPLATE_PROJECT,
    Project,
    read_project,
    read_projects,
    refuse_unlisted_packages,
)

TEMPLATES = Path(__file__).with_name("templates")
EACH = "NAME"  # in the path of a template
MARK = "# Written by `python3 manage_all.py generate`"
COMPOSE = ("docker-compose.yml", "docker-compose.production.yml")
PRESTOP_SECONDS = 10  # for which a terminating pod accepts requests
# Values in Kubernetes, instead of those in docker-compose.production.yml.
PRODUCTION = {"ALLOWED_HOSTS": "shop.example.com,{name},localhost", "TRUSTED_PROXIES": "10.0.0.0/8"}


def stale(root: Path) -> dict[Path, str]:
    """Return the stale generated files with their new texts.

    The text is empty if the file must be removed, because its project was deleted.

    Raises:
        DescriptionError: a description is invalid.
    """
    files = render(root)
    changed = {path: text for path, text in files.items() if not path.exists() or path.read_text("utf-8") != text}
    return changed | dict.fromkeys(sorted(_left_over(root, files)), "")


def generate(root: Path) -> list[Path]:
    """Write the generated files that are stale, or remove them, and return their paths.

    Raises:
        DescriptionError: a description is invalid.
    """
    changed = stale(root)
    for path, text in changed.items():
        if text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        else:
            path.unlink()
            with contextlib.suppress(OSError):  # the folder has other files
                path.parent.rmdir()
    return [*changed]


def render(root: Path) -> dict[Path, str]:
    """Return the content of every generated file.

    Raises:
        DescriptionError: a description is invalid, or a project has packages that are not listed for builds.
    """
    projects, environment = read_projects(root), _environment()
    for each in projects.values():
        refuse_unlisted_packages(each)
    context = _context(root, projects)
    composed = [environment.get_template(f"{name}.j2").render(context) for name in COMPOSE]
    context |= {"composed": compose.services(composed[0]), "in_production": compose.services(*composed)}
    files = {}
    for template in environment.list_templates(extensions=["j2"]):
        for project in projects.values() if EACH in template else [None]:
            text = environment.get_template(template).render(context, project=project)
            path = template.removesuffix(".j2")
            files[root / (path.replace(EACH, project.name) if project else path)] = text
    ordered = [projects[GATEWAY], *(project for project in projects.values() if not project.is_gateway)]
    files[root / "deploy/grafana/dashboard.json"] = dashboard(ordered)
    lock = root / "uv.lock"
    files[lock] = locked.with_members(lock.read_text(encoding="utf-8"), [*projects.values()])
    return {path: text for path, text in files.items() if text}


@cache
def _environment() -> Environment:
    return Environment(  # noqa: S701 - no HTML  # nosec B701
        loader=FileSystemLoader(TEMPLATES),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=StrictUndefined,
    )


def _left_over(root: Path, files: Mapping[Path, str]) -> Iterator[Path]:
    """Yield generated files of projects that were deleted or no longer need them."""
    for template in TEMPLATES.rglob("*.j2"):
        pattern = template.relative_to(TEMPLATES).as_posix().removesuffix(".j2")
        if EACH in pattern:
            found = {*root.glob(pattern.replace(EACH, "*"))} - files.keys()
            yield from (path for path in found if path.read_text("utf-8").startswith(MARK))


def _context(root: Path, projects: Mapping[str, Project]) -> dict[str, object]:
    gateway = projects[GATEWAY]
    services = [project for project in projects.values() if not project.is_gateway]
    with_database = [project for project in services if project.database]

    def calls(project: Project) -> list[Project]:
        return [projects[name] for name in project.calls]

    def callers(project: Project) -> list[str]:
        """Return the names of the containers that connect to the project: services and their workers."""
        others = [other for other in (gateway, *services) if project.name in other.calls]
        return [name for each in others for name in (each.name, *([each.worker_name] if each.worker else []))]

    def networks(project: Project) -> list[str]:
        """Return one network for each pair of communicating containers, named CALLER-CALLED."""
        callers = [f"{other.name}-{project.name}" for other in (gateway, *services) if project.name in other.calls]
        own = [f"{project.name}-database"] if project.database else []
        return [*callers, *(f"{project.name}-{called}" for called in project.calls), *own]

    def worker_networks(project: Project) -> list[str]:
        """Return the networks of the service that its worker needs: those in which it is the caller."""
        return [name for name in networks(project) if name.startswith(f"{project.name}-")]

    def own(project: Project, name: str, *, after: str = "") -> str:
        file = project.folder / "deploy" / name
        text = file.read_text(encoding="utf-8") if file.exists() else ""
        return text.partition(f"{after}\n")[2] if after else text

    return {
        "all_networks": list(dict.fromkeys(name for one in (gateway, *services) for name in networks(one))),
        "callers": callers,
        "calls": calls,
        "checked": [*projects.values(), read_project(root / TEMPLATE_PROJECT)],
        "gateway": gateway,
        "gateway_first": [gateway, *services],
        "networks": networks,
        "prestop": PRESTOP_SECONDS,
        "production_values": PRODUCTION,
        "own": own,
        "projects": [*projects.values()],
        "seconds": compose.seconds,
        "services": services,
        "with_database": with_database,
        "with_worker": [project for project in services if project.worker],
        "worker_networks": worker_networks,
    }
