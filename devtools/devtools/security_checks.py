"""The checks for what makes a program unsafe: its code, secrets, vulnerable packages; and for alarms that fail."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from devtools.check import Check
from devtools.projects import PROJECTS, ROOT

CODE = ("chassis", *(project.package for project in PROJECTS.values()), "launcher", "benchmarks", "deploy")

# Texts that look like secrets: hashes of packages, what tests make up, and the examples of URLs in texts.
NO_SECRETS_IN = ("requirements", "tests/")
EXAMPLE_URLS = "//(user|nobody|me):(password|nothing|secret)@"


def security_checks() -> Iterator[Check]:
    """Yield them."""
    tools = Path(sys.executable).parent
    yield Check("unsafe code", (str(tools / "bandit"), "-q", "-ll", "-r", *CODE, "-x", "*/tests/*"))
    yield Check(
        "secrets", (str(tools / "detect-secrets-hook"), "--exclude-lines", EXAMPLE_URLS, *committed_files())
    )
    files = [f"{project.package}/requirements.txt" for project in PROJECTS.values()]
    requirements = [f"--requirement={file}" for file in [*files, "requirements-tracing.txt"]]
    yield Check(
        "known vulnerabilities",
        (
            str(tools / "pip-audit"),
            "--disable-pip",
            "--require-hashes",
            "--progress-spinner=off",
            *requirements,
        ),
        unavailable_if=("could not be audited", "ConnectionError", "Max retries exceeded"),
    )
    if promtool := shutil.which("promtool"):
        yield Check("alarms", (promtool, "check", "config", "deploy/prometheus/prometheus.yml"))
        yield Check("what rings the alarms", (promtool, "test", "rules", "deploy/prometheus/alerts_test.yml"))
    else:
        yield Check("alarms", (), unavailable="promtool is not installed")


def committed_files() -> list[str]:
    """Return the files that git knows, but for those full of what only looks like a secret."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout  # noqa: S607
    return [
        file
        for file in listed.splitlines()
        if not any(part in file for part in NO_SECRETS_IN) and (ROOT / file).is_file()
    ]
