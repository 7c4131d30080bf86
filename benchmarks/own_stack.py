"""This repository's stack, with its production settings."""

import contextlib
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import psutil

from benchmarks.stack import Stack, base_environment, ended_afterwards, free_addresses, wait_until_ready
from devservers.ports import Address
from devservers.processes import spawn
from devtools.projects import (
    PROJECTS,
    gunicorn_command,
    manage_command,
    service_environment,
    with_database,
)


@contextlib.contextmanager
def own_stack(
    name: str, database_urls: Mapping[str, str], folder: Path, workers: int, **variables: str
) -> Iterator[Stack]:
    """Run the three services on migrated databases, with ``variables`` in addition to their default settings.

    They log as in production: a line of JSON for each request, to files in ``folder``.
    """
    addresses = free_addresses()
    environment = base_environment() | {"LOG_FORMAT": "json", "WEB_CONCURRENCY": str(workers)} | variables
    roots, logs = {}, []
    with ended_afterwards(environment) as base:
        for project in PROJECTS.values():
            logs.append(folder / f"{name}-{project.name}.log")
            with logs[-1].open("wb") as log:
                process = spawn(
                    gunicorn_command(project),
                    cwd=project.folder,
                    env=service_environment(
                        project,
                        addresses=addresses,
                        data_dir=folder,
                        database_url=database_urls.get(project.name),
                        base=base,
                    ),
                    output=log,
                )
            roots[project.name] = psutil.Process(process.pid)
        wait_until_ready(addresses, "/health/ready", roots, logs)
        yield Stack(name, addresses, roots)


def migrate(database_urls: Mapping[str, str], folder: Path) -> None:
    """Create the tables of both services."""
    for project in with_database():
        environment = service_environment(
            project,
            addresses=dict[str, Address](),
            data_dir=folder,
            database_url=database_urls[project.name],
            base=base_environment(),
        )
        command = manage_command(project, "migrate", "--verbosity", "0")
        subprocess.run(command, cwd=project.folder, env=environment, check=True)
