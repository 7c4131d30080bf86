"""The command ``lint``: runs every static check."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

from devtools.projects import PROJECTS, ROOT, TEMPLATE, gunicorn_command, manage_command, service_environment
from devtools.testing import PERSONAL_VARIABLES

BIN = Path(sys.executable).parent
# No check needs the database; makemigrations only warns that it cannot connect.
NO_DATABASE = "postgresql://nobody:nothing@127.0.0.1:1/none"
# Production settings for the checks, whichever variables the shell sets.
SECRET_KEY = os.urandom(32).hex()
PRODUCTION = {"DEBUG": "false", "ALLOWED_HOSTS": "example.org", "HTTPS_ONLY": "true", "SECRET_KEY": SECRET_KEY}
CHECKED = (*PROJECTS.values(), TEMPLATE)
PROJECT_FOLDERS = [str(project.folder.relative_to(ROOT)) for project in CHECKED]
CODE = ("libs", *PROJECT_FOLDERS, "devtools", "benchmarks", "deploy", "manage_all.py")
SHARED = f"{ROOT}/libs/*/[!t]*/ {ROOT}/devtools/devtools {ROOT}/benchmarks/*.py {ROOT}/manage_all.py"
# Excludes texts that look like secrets: hashes of packages and API keys, test data and example URLs.
SECRETS = "git ls-files -z | grep -zvE 'uv.lock|(^|/)tests/' | xargs -0 detect-secrets-hook --exclude-lines {}"
EXAMPLE_URLS = "'//(user|nobody|me):(password|nothing|secret)@|^sha256 = '"
# pip-audit queries an advisory service; if that is unreachable, the check is skipped.
EXPORT = "uv export -q --frozen --no-dev --no-emit-workspace --all-packages --extra tracing"
AUDIT = EXPORT + " -o {0} && pip-audit --disable-pip --require-hashes -r {0}"
UNREACHABLE = ("could not be audited", "ConnectionError", "Max retries exceeded")


class Check(NamedTuple):
    """A command that must succeed. It counts as skipped if its output has one of the ``unavailable`` texts."""

    name: str
    command: str | list[str]  # a string is run by the shell
    folder: Path = ROOT
    environment: Mapping[str, str] = {}
    unavailable: tuple[str, ...] = ()


def checks(data_dir: Path) -> Iterator[Check]:
    """Yield every check, the slow ones first."""
    settings = {"SECRET_KEY": SECRET_KEY, "DATABASE_URL": NO_DATABASE}
    mypy = f"mypy --config-file={ROOT}/pyproject.toml --cache-dir={ROOT}/.mypy_cache"
    for project in CHECKED:
        django = settings | {"DJANGO_SETTINGS_MODULE": f"{project.package}.settings"}
        yield Check(f"types of {project.package}", f"{mypy}/{project.name} .", project.folder, django)
    yield Check("types of shared code", f"{mypy}/all . {SHARED}", TEMPLATE.folder, django)
    yield Check("known vulnerabilities", AUDIT.format(data_dir / "requirements.txt"), unavailable=UNREACHABLE)
    yield Check("secrets", SECRETS.format(EXAMPLE_URLS))
    yield Check("unsafe code", f"bandit -q -ll -r {' '.join(CODE)} -x '*/tests/*'")
    yield Check("ruff check", "ruff check .")
    yield Check("ruff format", "ruff format --check .")
    yield Check("imports", "lint-imports")
    yield Check("lock", "uv lock --check")
    yield Check("generated files", [sys.executable, "-P", "-m", "scaffold", "generate", "--check"])
    yield Check("Dockerfile, compose files and workflows", ".ci/files")
    yield Check("Kubernetes manifests", [sys.executable, "-P", "-m", "manifests", "check"])
    for project in CHECKED:
        name, folder = project.package, project.folder
        url = NO_DATABASE if project.database else None
        base = {"PROMETHEUS_MULTIPROC_DIR": str(data_dir)}  # else gunicorn creates a folder and leaves it behind
        environment = service_environment(project, addresses={}, data_dir=data_dir, database_url=url, base=base)
        if project.database:
            migrations = manage_command(project, "makemigrations", "--check", "--dry-run")
            yield Check(f"migrations of {name}", migrations, folder, environment)
        check = manage_command(project, "check", "--fail-level", "WARNING")
        yield Check(f"check of {name}", check, folder, environment)
        yield Check(f"deployment check of {name}", [*check, "--deploy"], folder, environment | PRODUCTION)
        server = [*gunicorn_command(project), "--check-config"]
        yield Check(f"server configuration of {name}", server, folder, environment | PRODUCTION)
    promtool = "promtool check config prometheus.yml && promtool test rules alerts_test.yml"
    yield Check("alerts", promtool, ROOT / "deploy" / "prometheus", unavailable=("promtool: not found",))


def lint() -> bool:
    """Run every check; print each outcome, and the output of those that did not pass; return whether none failed."""
    outcomes: dict[str, list[str]] = {"ok": [], "FAILED": [], "skipped": []}
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        for name, result, output, seconds in pool.map(_run, checks(Path(folder))):
            outcomes[result].append(name)
            text = "" if result == "ok" else "".join(f"         {line}\n" for line in output.splitlines())
            print(f"{result:<7}  {name} ({seconds:.1f} s)\n{text}", end="", flush=True)
    words = (
        f"{len(found)} {result} {', '.join(found if result != 'ok' else [])}" for result, found in outcomes.items()
    )
    print("\n" + ", ".join(text.rstrip() for text in words))
    return not outcomes["FAILED"]


def _run(check: Check) -> tuple[str, str, str, float]:
    started, unwanted = time.monotonic(), {*PRODUCTION, *PERSONAL_VARIABLES}
    environment = {name: value for name, value in os.environ.items() if name not in unwanted}
    environment |= {"PATH": f"{BIN}{os.pathsep}{environment.get('PATH', os.defpath)}", **check.environment}
    options: dict[str, Any] = {"shell": isinstance(check.command, str), "cwd": check.folder, "env": environment}
    options |= {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    done = subprocess.run(check.command, text=True, errors="replace", check=False, **options)
    skipped = done.returncode != 0 and any(text in done.stdout for text in check.unavailable)
    found_one = "vulnerabilit" in done.stdout.replace("No known vulnerabilities", "")
    result = "ok" if done.returncode == 0 else "skipped" if skipped and not found_one else "FAILED"
    return check.name, result, done.stdout, time.monotonic() - started
