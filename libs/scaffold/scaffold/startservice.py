"""Creates a service: a renamed copy of the template project."""

import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from scaffold.descriptions import TEMPLATE_PROJECT, Project, read_projects
from scaffold.names import plural_of, singular_of, why_not
from scaffold.parts import choose, for_called

FIRST_PORT, PORT_STEP = 3100, 100
LEFT_OUT = shutil.ignore_patterns("__pycache__", ".*_cache", ".coverage", ".hypothesis")
# The template's files about a called service, copied for each service that the new one calls.
CLIENT_FILES = ("widgets/user_client.py", "tests/test_user_client.py", "contracts/user_service.json")
CLIENT_SETTINGS = "\n# The user service"
# Its files for publishers, for consumers (copied for each service whose events are consumed), and for both.
PUBLISHER_FILES = ("tests/test_widget_events.py",)
CONSUMER_FILES = ("widgets/user_events.py", "tests/test_user_events.py")
EVENT_FILES = ("widgets/migrations/0002_events.py", "widgets/management/commands/work.py")
OUTBOX, INBOX = '"events.outbox"', '"events.inbox"'


class RefusedError(Exception):
    """The service cannot be created; the message is the reason."""


@dataclass(frozen=True)
class NewService:
    """The names of a new service."""

    name: str
    resource: str
    port: int
    calls: tuple[Project, ...]
    publishes: bool = False
    consumes: tuple[Project, ...] = ()

    @property
    def model(self) -> str:
        """The singular of the resource."""
        return singular_of(self.resource)

    def renamed(self, text: str) -> str:
        """Return a text of the template with this service's names."""
        for old, new in (("widgets", self.resource), ("widget", self.model)):
            text = text.replace(old, new).replace(old.capitalize(), new.capitalize())
        if self.model[0] in "aeiou":
            text = re.sub(rf"\b([Aa]) (?={self.model}\b)", r"\1n ", text)
        text = text.replace("com.example.example", f"com.example.{self.name}")
        text = re.sub(r"(?<![A-Za-z.])example(?![A-Za-z])", self.name, text)
        return re.sub(r"(?<![A-Za-z.])Example(?![A-Za-z])", self.name.capitalize(), text).replace(
            "port=3900", f"port={self.port}"
        )


def start_service(
    root: Path,
    name: str,
    *,
    resource: str | None = None,
    port: int | None = None,
    calls: Sequence[str] = (),
    publishes: bool = False,
    consumes: Sequence[str] = (),
) -> NewService:
    """Copy the template to ``{name}_project``. ``generate`` updates the generated files.

    Raises:
        RefusedError: a name, the port, the path, or a service to call or consume is invalid.
        DescriptionError: a description of another project is invalid.
    """
    projects = read_projects(root)
    free = _free_port(projects.values()) if port is None else port
    called, consumed = _called(projects, [*calls, *consumes]), _consumed(projects, consumes)
    new = NewService(name, plural_of(name) if resource is None else resource, free, called, publishes, consumed)
    _refuse(new, root, [*projects.values()])
    draft = root / f".{name}_draft"  # renamed to the project once it is complete
    try:
        _copy_template(root, draft, new)
        draft.rename(root / f"{name}_project")
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return new


def _copy_template(root: Path, draft: Path, new: NewService) -> None:
    shutil.rmtree(draft, ignore_errors=True)
    shutil.copytree(root / TEMPLATE_PROJECT, draft, ignore=LEFT_OUT)
    _adapt_calls(draft, new)
    _adapt_events(draft, new)
    for path in sorted(draft.rglob("*"), reverse=True):  # files before their folders
        if path.is_file():
            path.write_text(new.renamed(path.read_text(encoding="utf-8")), encoding="utf-8")
        if (renamed := new.renamed(path.name)) != path.name:
            path.rename(path.with_name(renamed))


def _free_port(projects: Iterable[Project]) -> int:
    taken = {port for project in projects for port in (project.port, project.metrics_port)}
    return next(port for port in range(FIRST_PORT, 65_535, PORT_STEP) if port not in taken)


def _called(projects: Mapping[str, Project], names: Sequence[str]) -> tuple[Project, ...]:
    services = {name: project for name, project in projects.items() if project.routing}
    if unknown := [name for name in names if name not in services]:
        raise RefusedError(f"There is no service {unknown[0]!r} to call; there are {', '.join(services)}.")
    return tuple(services[name] for name in dict.fromkeys(names))


def _consumed(projects: Mapping[str, Project], names: Sequence[str]) -> tuple[Project, ...]:
    consumed = _called(projects, names)
    for each in consumed:
        if OUTBOX not in (each.folder / each.package / "settings.py").read_text(encoding="utf-8"):
            raise RefusedError(f"The {each.name} service publishes no events: its INSTALLED_APPS have no {OUTBOX}.")
    return consumed


def _refuse(new: NewService, root: Path, projects: Sequence[Project]) -> None:
    for kind, name in (("service", new.name), ("resource", new.resource)):
        if reason := why_not(name, root):
            raise RefusedError(f"{name!r} {reason}; choose another name for the {kind}.")
    if new.resource == new.name:
        raise RefusedError("The resource has the name of the service; choose another name with --resource.")
    for project in projects:
        if new.port in (project.port, project.metrics_port):
            raise RefusedError(f"Port {new.port} is used by {project.package}; choose another one with --port.")
        if project.routing and f"/{new.resource}" in project.routing.paths:
            raise RefusedError(f"/{new.resource} is a path of {project.package}; choose another --resource.")
        if new.resource in project.packages:
            raise RefusedError(f"{new.resource!r} is a package of {project.package}; choose another --resource.")
    if not 0 < new.port <= 65_535:  # noqa: PLR2004 - the highest
        raise RefusedError(f"--port is {new.port}; it must be a number from 1 to 65535.")
    is_replica = new.model in [f"known{each.name}" for each in new.consumes]
    if reason := "is the model of consumed objects" if is_replica else why_not(new.model, root):
        raise RefusedError(f"The model would be called {new.model!r}, which {reason}; choose another --resource.")


def _adapt_calls(folder: Path, new: NewService) -> None:
    """Replace the template's client of the user service with clients of the called services."""
    clients = {path: (folder / path).read_text(encoding="utf-8") for path in CLIENT_FILES}
    for path in CLIENT_FILES:
        (folder / path).unlink()
    settings = folder / "example_project" / "settings.py"
    text, mark, block = settings.read_text(encoding="utf-8").partition(CLIENT_SETTINGS)
    for called in new.calls:
        for path, client in clients.items():
            (folder / for_called(path, called)).write_text(for_called(client, called), encoding="utf-8")
        text += for_called(mark + block, called)
    if not new.calls:
        text = text.replace("import database, text\n", "import database\n")
        (folder / "contracts").rmdir()
        pyproject = folder / "pyproject.toml"
        pyproject.write_text(pyproject.read_text(encoding="utf-8").replace('    "requests",\n', ""), encoding="utf-8")
    settings.write_text(text, encoding="utf-8")
    listed = ", ".join(f'"{called.name}"' for called in new.calls)
    description = folder / "service.toml"
    text = description.read_text(encoding="utf-8").replace("port = 3900\n", f"port = {new.port}\n")
    text = text.replace('calls = ["user"]\n', f"calls = [{listed}]\n" if new.calls else "")
    description.write_text(text, encoding="utf-8")


def _adapt_events(folder: Path, new: NewService) -> None:
    """Remove the template's parts for publishers and consumers, unless the service needs them."""
    consumer = {path: (folder / path).read_text(encoding="utf-8") for path in CONSUMER_FILES}
    removed = [*CONSUMER_FILES, *(() if new.publishes else PUBLISHER_FILES)]
    for path in [*removed, *(() if new.publishes or new.consumes else EVENT_FILES)]:
        (folder / path).unlink()
    for consumed in new.consumes:
        for path, text in consumer.items():
            (folder / for_called(path, consumed)).write_text(for_called(text, consumed), encoding="utf-8")
    wanted = {"publishes": new.publishes, "consumes": bool(new.consumes)}
    for path in folder.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        chosen = choose(text, [part for part, is_wanted in wanted.items() if is_wanted], new.consumes)
        path.write_text(chosen, encoding="utf-8")
    absent = [("example_project/settings.py", f"{OUTBOX}, ")] * (not new.publishes)
    absent += [("example_project/settings.py", f"{INBOX}, ")] * (not new.consumes)
    if not (new.publishes or new.consumes):
        absent += [("pyproject.toml", '    "events",\n'), ("service.toml", "worker = true # python manage.py work\n")]
    for name, text in absent:
        path = folder / name
        path.write_text(path.read_text(encoding="utf-8").replace(text, ""), encoding="utf-8")
