"""Commands for the projects: Django's own, ``status``, ``demo``, ``logs`` and ``down``."""

import contextlib
import os
import re
import secrets
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from devservers.processes import wait_for
from devtools.configuration import Configuration
from devtools.data_folder import DataFolder
from devtools.databases import database_urls, problem_of_database
from devtools.errors import DevtoolsError
from devtools.projects import PROJECTS, manage_command, service_environment, with_database
from devtools.up import HEALTHY, LOG_FILE
from scaffold.descriptions import Project

COMMAND_SECONDS, DOWN_SECONDS = 120, 20
ACCOUNT_EXISTS, FIELD_MISSING = "already taken", r"use --(\w+) with --noinput"  # in messages of createsuperuser


def find_project(name: str) -> Project:
    """Return the project of this name, which may end with ``_project``."""
    if project := PROJECTS.get(name.rstrip("/").removesuffix("_project")):
        return project
    raise DevtoolsError(f"There is no project {name!r}; there are {', '.join(PROJECTS)}.")


def run_django(configuration: Configuration, command: str, arguments: Sequence[str]) -> int:
    """Run a Django command on this terminal; return the first exit status that is not 0.

    `run` and `shell` need one project. The others accept any number of projects before their arguments, by default
    all projects that the command applies to.
    """
    rest, projects = list(arguments), []
    if command in ("run", "shell"):
        if len(rest) < 1 + (command == "run"):
            raise DevtoolsError(f"`{command}` needs a project" + (" and a command." if command == "run" else "."))
        projects.append(find_project(rest.pop(0)))
        arguments = rest if command == "run" else ["shell", *rest]
    else:
        while rest and rest[0].rstrip("/").removesuffix("_project") in PROJECTS:
            projects.append(find_project(rest.pop(0)))
        arguments = [command, *rest]
        if command != "check" and any(not project.database for project in projects):
            raise DevtoolsError("The gateway project has no database.")
    projects = projects or (list(PROJECTS.values()) if command == "check" else with_database())
    statuses = []
    with contextlib.ExitStack() as stack:
        with_one = any(project.database for project in projects)
        urls = stack.enter_context(database_urls(configuration, command=command)) if with_one else {}
        for project in projects:
            if command not in ("run", "shell"):
                print(f"{project.package}: {' '.join(arguments)}", flush=True)
            statuses.append(_run_on_terminal(project, configuration, urls, arguments))
    return next((status for status in statuses if status), 0)


def _run_on_terminal(
    project: Project, configuration: Configuration, urls: Mapping[str, str], arguments: Sequence[str]
) -> int:
    environment = _environment_of(project, configuration, urls)
    process = subprocess.Popen(manage_command(project, *arguments), cwd=project.folder, env=environment)
    handler = signal.signal(signal.SIGINT, signal.SIG_IGN)  # the command handles Ctrl-C, and may continue
    try:
        return process.wait()
    finally:
        signal.signal(signal.SIGINT, handler)
        process.terminate()


def _environment_of(project: Project, configuration: Configuration, urls: Mapping[str, str]) -> dict[str, str]:
    run, url = DataFolder(configuration.data_dir).running_system(), urls.get(project.name)
    if project.database and not url:
        raise DevtoolsError(f"`up` started before the {project.name} project was added; restart it.")
    addresses = run.addresses if run and run.addresses else configuration.addresses
    return service_environment(project, addresses=addresses, data_dir=configuration.data_dir, database_url=url)


def _run_quietly(
    project: Project, configuration: Configuration, urls: Mapping[str, str], *arguments: str, **variables: str
) -> "subprocess.CompletedProcess[str]":
    command, environment = manage_command(project, *arguments), _environment_of(project, configuration, urls)
    options = {"cwd": project.folder, "env": environment | variables, "stdin": subprocess.DEVNULL}
    return subprocess.run(command, capture_output=True, text=True, timeout=COMMAND_SECONDS, check=False, **options)  # type: ignore[call-overload,no-any-return]


def status(configuration: Configuration) -> int:
    """Print the address and state of each process; return 0 if all are up, healthy and migrated, else 1."""
    folder = DataFolder(configuration.data_dir)
    holder, run = folder.holder(), folder.running_system()
    doing = f"{holder.command} is running (pid {holder.pid})" if holder else "up is not running"
    print(f"{doing} on {configuration.data_dir}\n")
    urls = {**(run.database_urls if run else {}), **configuration.database_urls}
    rows = []
    for name, address in (run.addresses if run else configuration.addresses).items():
        project, (health, readiness) = PROJECTS[name], address.readiness()
        rows.append((name, address.url, {HEALTHY: "ready", None: "down"}.get(health, f"not ready ({health})")))
        if project.worker:  # `up` ends when a worker ends
            rows.append((project.worker_name, "", f"running{_lag(readiness)}" if run and run.ready else "down"))
    if configuration.needs_postgres:
        private = [url for name, url in urls.items() if name not in configuration.database_urls]
        where = urlsplit(private[0]).netloc.rpartition("@")[2] if private else ""
        rows.append(("postgres", where, "running" if private else "down"))
    for project in with_database():
        where, words = "", f"unknown: {'`up` started before the project was added' if urls else 'no database runs'}"
        if project.name in urls and (problem := problem_of_database(urls[project.name])):
            words = f"unknown: {problem}"
        elif project.name in urls:
            result = _run_quietly(project, configuration, urls, "migrate", "--check")
            words = "applied" if result.returncode == 0 else "not applied; run: manage_all.py migrate"
            where = urlsplit(urls[project.name]).path[1:]
        rows.append((f"{project.name} migrations", where, words))
    width = max(len(where) for _, where, _ in rows)
    for name, where, words in rows:
        print(f"  {name:<18} {where:<{width}}  {words}")
    return int(not all(words.startswith(("ready", "running", "applied")) for *_, words in rows))


def _lag(readiness: Mapping[str, Any]) -> str:
    """Return a description of the lag of the events that a service consumes."""
    words = ""
    for name, lag in readiness.get("events", {}).items():
        caught_up = "not yet read" if lag["lag_seconds"] is None else f"caught up {lag['lag_seconds']} s ago"
        words += f"; events of {name}: " + (f"{lag['lag_events']} behind" if lag["lag_events"] else caught_up)
    return words


def demo(configuration: Configuration) -> int:
    """Create missing demo data and, unless it exists, an administrator."""
    run = DataFolder(configuration.data_dir).running_system()
    if run is None or not run.ready:
        raise DevtoolsError("demo needs the running system: start `python3 manage_all.py up` first.")
    password, created, failed = secrets.token_urlsafe(12), [], []
    account = {"USERNAME": "admin", "EMAIL": "admin@example.com", "PASSWORD": password}
    variables = {f"DJANGO_SUPERUSER_{name}": value for name, value in account.items()}
    for project in with_database():
        result = _run_quietly(project, configuration, run.database_urls, "seed_demo")
        print(f"{project.name}: {result.stdout.strip()}", flush=True)
        if result.returncode != 0:
            raise DevtoolsError(f"seed_demo of the {project.name} project failed:\n{result.stderr.strip()}")
    for project in with_database():
        result = _run_quietly(project, configuration, run.database_urls, "createsuperuser", "--noinput", **variables)
        if result.returncode == 0:
            created.append(f"  {run.addresses['gateway'].url.replace('127.0.0.1', 'localhost')}/admin/{project.name}/")
        elif ACCOUNT_EXISTS in result.stderr:
            print(f"{project.name}: the administrator 'admin' exists already and keeps its password.")
        else:
            failed.append(f"createsuperuser of the {project.name} project failed:\n{result.stderr.strip()}")
            if field := re.search(FIELD_MISSING, result.stderr):
                failed.append(f"Set it: DJANGO_SUPERUSER_{field[1].upper()}=... python3 manage_all.py demo")
    if created:
        print(f"\nAdministrator 'admin', password (shown this once): {password}", *created, sep="\n", flush=True)
    if failed:
        raise DevtoolsError("\n".join(failed))
    return 0


def logs(configuration: Configuration, service: str | None, *, follow: bool) -> None:
    """Print the log of the running system or of the last run; with ``follow``, until `up` ends."""
    project = find_project(service) if service else None
    prefixes = (f"{project.name} ", f"{project.worker_name} ") if project else ("",)
    try:
        file = (configuration.data_dir / LOG_FILE).open(encoding="utf-8", errors="replace")
    except OSError:
        raise DevtoolsError(f"There is no log in {configuration.data_dir}: `up` has not run on it.") from None
    with file:
        while True:
            print("".join(line for line in file if line.startswith(prefixes)), end="", flush=True)
            if not follow or DataFolder(configuration.data_dir).running_system() is None:
                return
            time.sleep(0.2)


def down(configuration: Configuration) -> int:
    """Stop a running `up`, or the processes that a killed one left behind."""
    folder = DataFolder(configuration.data_dir)
    if holder := folder.running_system():
        os.kill(holder.pid, signal.SIGTERM)
        if not wait_for(lambda: folder.holder() is None, seconds=DOWN_SECONDS):
            raise DevtoolsError(f"`up` (pid {holder.pid}) has not stopped within {DOWN_SECONDS} s.")
        print("Stopped.")
        return 0
    with folder.lock("down"):
        ended = folder.ended_leftovers
    print(f"up is not running on {folder.path}" + (f"; ended {ended} leftover processes." if ended else "."))
    return 0
