"""The command ``lint``: every static check, all of them run, each with its outcome."""

import os
import secrets
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from devtools.check import Check, run
from devtools.projects import (
    PROJECT_VARIABLES,
    PROJECTS,
    ROOT,
    Address,
    Project,
    gunicorn_command,
    manage_command,
    service_environment,
    with_database,
)
from devtools.security_checks import security_checks

# No check connects to it; makemigrations would, and mentions that nobody answers.
NO_DATABASE = "postgresql://nobody:nothing@127.0.0.1:1/none"

# Whatever the person's shell has, the deployment checks look at this production.
PRODUCTION = {"DEBUG": "false", "ALLOWED_HOSTS": "example.org", "HTTPS_ONLY": "true"}


def lint() -> bool:
    """Run every check; print each outcome, and the output of those that failed; return whether all passed."""
    base = clean_environment()
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        outcomes = []
        for outcome in pool.map(lambda check: run(check, base), all_checks(Path(folder))):
            outcomes.append(outcome)
            print(f"{outcome.result:<7}  {outcome.check.name} ({outcome.seconds:.1f} s)")
            if outcome.result != "ok":
                print("".join(f"         {line}\n" for line in outcome.output.splitlines()), end="")
            sys.stdout.flush()
    names = {
        result: [outcome.check.name for outcome in outcomes if outcome.result == result]
        for result in ("ok", "FAILED", "skipped")
    }
    passed, failed, skipped = names.values()
    print(
        f"\n{len(passed)} checks passed, {len(failed)} failed {', '.join(failed)}".rstrip()
        + f", {len(skipped)} skipped {', '.join(skipped)}".rstrip()
    )
    return not failed


def clean_environment() -> dict[str, str]:
    """Return this process's environment without what would change a project's settings."""
    unwanted = {*PROJECT_VARIABLES, *PRODUCTION, "SECRET_KEY"}
    return {name: value for name, value in os.environ.items() if name not in unwanted}


def all_checks(data_dir: Path) -> Iterator[Check]:
    """Yield every check, the slow ones first."""
    for project in PROJECTS.values():
        yield type_check(project)
    tool = (sys.executable, "-m")
    cache = f"--cache-dir={ROOT / '.mypy_cache' / 'launcher'}"
    yield Check(
        "types of launcher and benchmarks",
        (*tool, "mypy", cache, "manage_all.py", "launcher", "benchmarks"),
        environment=django_settings("user"),
    )
    yield Check("ruff check", (*tool, "ruff", "check", "."))
    yield Check("ruff format", (*tool, "ruff", "format", "--check", "."))
    yield Check("imports", (str(Path(sys.executable).with_name("lint-imports")),), environment=import_paths())
    for project in PROJECTS.values():
        yield from project_checks(project, data_dir)
    yield from security_checks()


def type_check(project: Project) -> Check:
    """Check the types of one project, with its settings, and of what it imports from chassis."""
    return Check(
        f"types of {project.package}",
        (
            *(sys.executable, "-m", "mypy", f"--config-file={ROOT / 'pyproject.toml'}"),
            *(f"--cache-dir={ROOT / '.mypy_cache' / project.name}", "."),
        ),
        folder=project.folder,
        environment={**django_settings(project.name), "MYPYPATH": f"{project.folder}{os.pathsep}{ROOT}"},
    )


def django_settings(name: str) -> dict[str, str]:
    """Return what the type checker's Django plugin needs to load a project's settings."""
    project = PROJECTS[name]
    return {
        "DJANGO_SETTINGS_MODULE": f"{project.package}.settings",
        "PYTHONPATH": f"{project.folder}{os.pathsep}{ROOT}",
        "SECRET_KEY": secrets.token_urlsafe(48),
        "DATABASE_URL": NO_DATABASE,
    }


def import_paths() -> dict[str, str]:
    """Return the environment in which the import linter finds every package."""
    folders = [str(project.folder) for project in PROJECTS.values()]
    return {"PYTHONPATH": os.pathsep.join([str(ROOT), *folders])}


def project_checks(project: Project, data_dir: Path) -> Iterator[Check]:
    """Yield the checks that Django and gunicorn offer for a project."""
    environment = service_environment(
        project,
        addresses={name: Address("127.0.0.1", other.default_port) for name, other in PROJECTS.items()},
        data_dir=data_dir,
        database_url=NO_DATABASE,
        base=clean_environment(),
    )
    production = {**environment, **PRODUCTION, "SECRET_KEY": secrets.token_urlsafe(48)}
    name, folder = project.package, project.folder
    if project in with_database():
        migrations = manage_command(project, "makemigrations", "--check", "--dry-run")
        yield Check(f"migrations of {name}", migrations, folder, environment)
    yield Check(
        f"check of {name}", manage_command(project, "check", "--fail-level", "WARNING"), folder, environment
    )
    deploy = manage_command(project, "check", "--deploy", "--fail-level", "WARNING")
    yield Check(f"deployment check of {name}", deploy, folder, production)
    server = [
        *gunicorn_command(project),
        "--check-config",
    ]  # which leaves out the path that the configuration adds
    yield Check(f"server configuration of {name}", server, folder, {**production, "PYTHONPATH": str(ROOT)})
