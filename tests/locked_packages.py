"""Read the packages of a service from ``uv.lock`` with uv."""

import re
import subprocess
import tomllib
from pathlib import Path

from devtools.projects import PROJECTS, ROOT


def locked_packages(uv: Path, service: str, *options: str) -> dict[str, set[str | None]]:
    """Return the versions of each package of ``service``, for all platforms; None for a workspace member."""
    package = normalised(PROJECTS[service].package)
    command = [uv, "export", "--frozen", "--offline", "--quiet", "--no-dev", "--format=pylock.toml"]
    exported = subprocess.run(
        [*command, f"--package={package}", *options],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
        timeout=30,
    )
    versions: dict[str, set[str | None]] = {}
    for locked in tomllib.loads(exported.stdout)["packages"]:
        versions.setdefault(locked["name"], set()).add(locked.get("version"))
    return versions


def normalised(name: str) -> str:
    """Return the normalised name of a package (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()
