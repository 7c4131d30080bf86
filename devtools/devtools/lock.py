"""The command ``lock``: pins the requirements anew, with hashes, from the short lists of direct dependencies."""

import subprocess
import sys
from collections.abc import Sequence

from devtools.errors import LauncherError
from devtools.projects import PROJECTS, ROOT

PYTHON_VERSION = "3.11"  # the oldest that is supported; --universal covers the newer ones
EVERYTHING = "requirements-dev"


def lock(arguments: Sequence[str] = ()) -> None:
    """Compile the development requirements, then each folder's own within their pins.

    Args:
        arguments: for ``uv pip compile``, such as ``--upgrade`` or ``--upgrade-package django``.
    """
    compile_requirements(EVERYTHING, *arguments)
    compile_requirements("requirements-tracing", "-c", f"{EVERYTHING}.txt", *arguments)
    for folder in [project.package for project in PROJECTS.values()] + ["launcher"]:
        compile_requirements(f"{folder}/requirements", "-c", f"{EVERYTHING}.txt", *arguments)


def compile_requirements(name: str, *arguments: str) -> None:
    """Compile ``name.in`` to ``name.txt``."""
    print(f"{name}.txt", flush=True)
    command = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--universal", "--generate-hashes"]
    command += [
        "--python-version",
        PYTHON_VERSION,
        "--no-annotate",
        *arguments,
        f"{name}.in",
        "-o",
        f"{name}.txt",
    ]
    status = subprocess.run(command, cwd=ROOT, check=False).returncode
    if status != 0:
        raise LauncherError(f"{name}.in could not be compiled (exit status {status}).")
