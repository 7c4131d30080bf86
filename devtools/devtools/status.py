"""The command ``status``: what runs, where, and whether it is well."""

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from devtools.configuration import Configuration
from devtools.data_folder import DataFolder
from devtools.django_commands import environment_of, running_state
from devtools.health import health_status
from devtools.projects import Address, Project, manage_command, with_database
from devtools.run_state import RunState

MIGRATION_SECONDS = 30
HEALTHY = 200


@dataclass(frozen=True)
class Line:
    """One line of the table."""

    name: str
    where: str
    state: str
    good: bool


def status(configuration: Configuration) -> bool:
    """Print the table; return whether everything is up, healthy and migrated."""
    state = running_state(configuration)
    if state:
        print(f"up is running (pid {state.pid}) on {configuration.data_dir}\n")
    else:
        holder = DataFolder(configuration.data_dir).holder()
        doing = f"{holder.purpose} (pid {holder.pid}) uses" if holder else "up is not running on"
        print(f"{doing} {configuration.data_dir}\n")
    addresses = state.service_addresses() if state else configuration.addresses
    lines = [describe_service(name, address) for name, address in addresses.items()]
    urls = {**(state.database_urls if state else {}), **configuration.database_urls}
    if configuration.needs_postgres:
        lines.append(describe_postgres(state))
    lines += [describe_migrations(project, configuration, urls) for project in with_database()]
    width = max(len(line.where) for line in lines)
    for line in lines:
        print(f"  {line.name:<18} {line.where:<{width}}  {line.state}")
    return all(line.good for line in lines)


def describe_service(name: str, address: Address) -> Line:
    """Ask a service how it is."""
    answer = health_status(address)
    if answer is None:
        return Line(name, address.url, "down", good=False)
    return Line(
        name, address.url, "ready" if answer == HEALTHY else f"not ready ({answer})", good=answer == HEALTHY
    )


def describe_postgres(state: RunState | None) -> Line:
    """Say whether the private PostgreSQL runs."""
    running = state is not None and state.child_is_running("postgres")
    where = ""
    if state and running:
        where = next(iter(state.database_urls.values())).rpartition("@")[2].rpartition("/")[0]
    return Line("postgres", where, "running" if running else "down", good=running)


def describe_migrations(project: Project, configuration: Configuration, urls: Mapping[str, str]) -> Line:
    """Ask Django whether every migration of a project is applied."""
    name = f"{project.name} migrations"
    if project.name not in urls:
        return Line(name, project.database or "", "unknown: no database is running", good=False)
    database = urlsplit(urls[project.name]).path.removeprefix("/")
    result = subprocess.run(
        manage_command(project, "migrate", "--check"),
        cwd=project.folder,
        env=environment_of(project, configuration, urls),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=MIGRATION_SECONDS,
        check=False,
    )
    if result.returncode == 0:
        return Line(name, database, "applied", good=True)
    if "Traceback" in result.stderr:
        return Line(name, database, f"unknown: {result.stderr.strip().splitlines()[-1]}", good=False)
    return Line(name, database, "not applied; run: manage_all.py migrate", good=False)
