"""The command ``demo``: demo data, and an administrator in both services."""

import secrets
import subprocess
from collections.abc import Mapping

from devtools.configuration import Configuration
from devtools.django_commands import environment_of, running_state
from devtools.errors import LauncherError
from devtools.projects import Project, manage_command, with_database
from devtools.welcome import display_url

ADMINISTRATOR = "admin"
EMAIL = "admin@example.com"
ACCOUNT_EXISTS = "already taken"  # what createsuperuser says then
COMMAND_SECONDS = 120


def demo(configuration: Configuration) -> None:
    """Fill both services; a second time, only what is missing.

    Raises:
        LauncherError: ``up`` is not running, or a command failed.
    """
    state = running_state(configuration)
    if state is None or not state.ready:
        raise LauncherError("demo needs the running system: start `python3 manage_all.py up` first.")
    for project in with_database():
        result = run(project, configuration, state.database_urls, "seed_demo")
        print(f"{project.name}: {result.stdout.strip()}", flush=True)
        if result.returncode != 0:
            raise LauncherError(f"seed_demo of the {project.name} project failed:\n{result.stderr.strip()}")
    password = secrets.token_urlsafe(12)
    created = [
        project
        for project in with_database()
        if create_administrator(project, configuration, state.database_urls, password)
    ]
    if created:
        gateway = display_url(state.service_addresses()["gateway"])
        print(f"\nAdministrator {ADMINISTRATOR!r}, password (shown this once): {password}")
        for project in created:
            print(f"  {gateway}/admin/{project.name}/")


def create_administrator(
    project: Project, configuration: Configuration, urls: Mapping[str, str], password: str
) -> bool:
    """Create the administrator in a project; False where there is one already, which keeps its password."""
    account = {
        "DJANGO_SUPERUSER_USERNAME": ADMINISTRATOR,
        "DJANGO_SUPERUSER_EMAIL": EMAIL,
        "DJANGO_SUPERUSER_PASSWORD": password,
    }
    result = run(project, configuration, urls, "createsuperuser", "--noinput", extra=account)
    if result.returncode == 0:
        return True
    if ACCOUNT_EXISTS in result.stderr:
        print(f"{project.name}: the administrator {ADMINISTRATOR!r} exists already and keeps its password.")
        return False
    raise LauncherError(f"createsuperuser of the {project.name} project failed:\n{result.stderr.strip()}")


def run(
    project: Project,
    configuration: Configuration,
    urls: Mapping[str, str],
    *arguments: str,
    extra: Mapping[str, str] | None = None,
) -> "subprocess.CompletedProcess[str]":
    """Run a Django command of the project and return what it printed."""
    return subprocess.run(
        manage_command(project, *arguments),
        cwd=project.folder,
        env={**environment_of(project, configuration, urls), **(extra or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS,
        check=False,
    )
