"""The files that other tools read, written from the descriptions of the projects.

A template's path below ``templates`` is that of its file in the repository. What only one project has stands in that
project's own ``deploy`` folder and is included: alerts, their tests, panels, routes and variables.
"""

from collections.abc import Mapping
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from scaffold import locked
from scaffold.dashboard import dashboard
from scaffold.descriptions import GATEWAY, TEMPLATE_PROJECT, Project, read_project, read_projects

TEMPLATES = Path(__file__).with_name("templates")


def stale(root: Path) -> dict[Path, str]:
    """Return the generated files that are not what follows from the descriptions, with what they should be.

    Raises:
        DescriptionError: a description is invalid.
    """
    files = render(root).items()
    return {path: text for path, text in files if not path.exists() or path.read_text(encoding="utf-8") != text}


def generate(root: Path) -> list[Path]:
    """Write the generated files that are stale, and return their paths.

    Raises:
        DescriptionError: a description is invalid.
    """
    changed = stale(root)
    for path, text in changed.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return [*changed]


def render(root: Path) -> dict[Path, str]:
    """Return the content of every generated file.

    Raises:
        DescriptionError: a description is invalid.
    """
    projects = read_projects(root)
    environment = Environment(  # noqa: S701 - no HTML  # nosec B701
        loader=FileSystemLoader(TEMPLATES),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=StrictUndefined,
    )
    context = _context(root, projects)
    files = {
        root / path.removesuffix(".j2"): environment.get_template(path).render(context)
        for path in environment.list_templates(extensions=["j2"])
    }
    ordered = [projects[GATEWAY], *(project for project in projects.values() if not project.is_gateway)]
    files[root / "deploy/grafana/dashboard.json"] = dashboard(ordered)
    lock = root / "uv.lock"
    files[lock] = locked.with_members(lock.read_text(encoding="utf-8"), [*projects.values()])
    return files


def _context(root: Path, projects: Mapping[str, Project]) -> dict[str, object]:
    gateway = projects[GATEWAY]
    services = [project for project in projects.values() if not project.is_gateway]
    with_database = [project for project in services if project.database]

    def calls(project: Project) -> list[Project]:
        return [projects[name] for name in project.calls]

    def networks(project: Project) -> list[str]:
        """One network for each pair of containers that communicate, called after the caller first."""
        callers = [f"{other.name}-{project.name}" for other in (gateway, *services) if project.name in other.calls]
        own = [f"{project.name}-database"] if project.database else []
        return [*callers, *(f"{project.name}-{called}" for called in project.calls), *own]

    def worker_networks(project: Project) -> list[str]:
        """Of those of the service, the networks with containers that the worker itself connects to."""
        return [name for name in networks(project) if name.startswith(f"{project.name}-")]

    def own(project: Project, name: str, *, after: str = "") -> str:
        file = project.folder / "deploy" / name
        text = file.read_text(encoding="utf-8") if file.exists() else ""
        return text.partition(f"{after}\n")[2] if after else text

    return {
        "all_networks": list(dict.fromkeys(name for one in (gateway, *services) for name in networks(one))),
        "calls": calls,
        "checked": [*projects.values(), read_project(root / TEMPLATE_PROJECT)],
        "gateway": gateway,
        "gateway_first": [gateway, *services],
        "networks": networks,
        "own": own,
        "projects": [*projects.values()],
        "services": services,
        "with_database": with_database,
        "with_worker": [project for project in services if project.worker],
        "worker_networks": worker_networks,
    }
