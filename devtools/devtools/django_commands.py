"""Runs Django commands of the projects with the environment that the services have."""

import signal
import subprocess
from collections.abc import Mapping, Sequence

from devtools import run_state
from devtools.configuration import Configuration
from devtools.data_folder import DataFolder
from devtools.databases import database_urls
from devtools.errors import LauncherError
from devtools.projects import PROJECTS, Project, manage_command, service_environment
from devtools.run_state import RunState


def find_project(name: str) -> Project:
    """Return the project of this name, with or without ``_project`` at its end.

    Raises:
        LauncherError: there is none.
    """
    project = PROJECTS.get(name.rstrip("/").removesuffix("_project"))
    if project is None:
        raise LauncherError(f"There is no project {name!r}; there are {', '.join(PROJECTS)}.")
    return project


def split_projects(arguments: Sequence[str], choices: Sequence[Project]) -> tuple[list[Project], list[str]]:
    """Take project names from the front of the arguments; without any, all ``choices`` are meant."""
    rest, selected = list(arguments), []
    while rest and rest[0].removesuffix("_project") in PROJECTS:
        project = find_project(rest.pop(0))
        if project not in choices:
            raise LauncherError(f"The {project.name} project has no database.")
        selected.append(project)
    return selected or list(choices), rest


def running_state(configuration: Configuration) -> RunState | None:
    """Return the state of a running ``up`` on the data folder."""
    folder = DataFolder(configuration.data_dir)
    holder, state = folder.holder(), run_state.load(folder)
    return state if state and holder and holder.pid == state.pid else None


def environment_of(
    project: Project,
    configuration: Configuration,
    urls: Mapping[str, str],
    base: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Build the environment of a management command."""
    state = running_state(configuration)
    return service_environment(
        project,
        addresses=state.service_addresses() if state else configuration.addresses,
        data_dir=configuration.data_dir,
        database_url=urls.get(project.name),
        base=base,
    )


def run_django(
    projects: Sequence[Project],
    arguments: Sequence[str],
    configuration: Configuration,
    *,
    with_heading: bool = True,
) -> int:
    """Run one Django command in each project, on the databases; return the first exit status that is not 0."""
    DataFolder(configuration.data_dir).prepare()
    if not any(project.database for project in projects):
        return run_in_foreground(projects, arguments, configuration, {}, with_heading=with_heading)
    with database_urls(configuration, purpose=arguments[0]) as urls:
        return run_in_foreground(projects, arguments, configuration, urls, with_heading=with_heading)


def run_in_foreground(
    projects: Sequence[Project],
    arguments: Sequence[str],
    configuration: Configuration,
    urls: Mapping[str, str],
    *,
    with_heading: bool,
) -> int:
    """Run the command in each project, with this terminal as its own."""
    statuses = []
    for project in projects:
        if with_heading:
            print(f"{project.package}: {' '.join(arguments)}", flush=True)
        handler = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            process = subprocess.Popen(
                manage_command(project, *arguments),
                cwd=project.folder,
                env=environment_of(project, configuration, urls),
                preexec_fn=restore_interrupt,  # noqa: PLW1509 - the launcher has one thread
            )
            statuses.append(wait_in_foreground(process))
        finally:
            signal.signal(signal.SIGINT, handler)
    return next((status for status in statuses if status), 0)


def restore_interrupt() -> None:
    """Let Ctrl-C reach the command, although the launcher ignores it meanwhile."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def wait_in_foreground(process: "subprocess.Popen[bytes]") -> int:
    """Wait for the process; where the launcher has to end first, so does the process."""
    try:
        return process.wait()
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                process.kill()
