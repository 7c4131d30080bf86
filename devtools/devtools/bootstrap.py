"""Makes ``.venv`` beside ``manage_all.py`` and continues inside it. Standard library only."""

import contextlib
import fcntl
import importlib.util
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TextIO

from devtools import stamp
from devtools.installation import install, say

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = ROOT / ".venv"
ENVIRONMENT_PYTHON = ENVIRONMENT / "bin" / "python"

# These commands need the development tools; all others the packages of the services and of the launcher alone.
DEVELOPMENT_COMMANDS = frozenset({"bench", "lint", "lock", "test"})

# A foreign Python's variables would put foreign packages before ours.
FOREIGN_VARIABLES = ("PYTHONHOME", "PYTHONPATH", "PYTHONSAFEPATH", "__PYVENV_LAUNCHER__")

# Held, shared, by every run for as long as it lasts: an environment in use is not made anew.
USE_LOCK = ".in-use.lock"
INSTALL_LOCK = ".install.lock"


def enter_environment(arguments: Sequence[str]) -> None:
    """Return inside an up-to-date ``.venv``; from any other Python, start over in there and never return."""
    open_closed_streams()
    command = next((argument for argument in arguments if not argument.startswith("-")), "")
    try:
        prepare_environment(development=command in DEVELOPMENT_COMMANDS)
    except KeyboardInterrupt:
        sys.exit(130)
    hold_environment()
    if Path(sys.prefix).resolve() == ENVIRONMENT.resolve():
        return
    environment = {name: value for name, value in os.environ.items() if name not in FOREIGN_VARIABLES}
    environment["VIRTUAL_ENV"] = str(ENVIRONMENT)
    environment["PATH"] = f"{ENVIRONMENT / 'bin'}{os.pathsep}{environment.get('PATH', os.defpath)}"
    script = str(ROOT / "manage_all.py")
    os.execve(ENVIRONMENT_PYTHON, [str(ENVIRONMENT_PYTHON), script, *arguments], environment)  # noqa: S606


def open_closed_streams() -> None:
    """Open /dev/null for a closed standard stream, or the next file opened would take its place."""
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest free number is this one


def prepare_environment(*, development: bool) -> None:
    """Make or complete ``.venv`` where its stamp says that it is missing something."""
    wanted = stamp.Stamp.of_requirements(ROOT, development=development)
    found = stamp.read(ENVIRONMENT)
    if has_working_python() and (
        found.covers(wanted) or (found.covers_with_its_own_python(wanted) and is_in_use())
    ):
        return
    ENVIRONMENT.mkdir(exist_ok=True)
    with exclusively(ENVIRONMENT / INSTALL_LOCK, "Waiting for another manage_all.py that installs ..."):
        found = stamp.read(ENVIRONMENT)  # again: the other one may have done the work
        if has_working_python() and found.covers(wanted):
            return
        started = time.monotonic()
        if found.interrupted or not found.same_python(wanted) or not has_working_python():
            make_environment()
        stamp.write(ENVIRONMENT, wanted.while_installing())
        install(ENVIRONMENT_PYTHON, stamp.requirement_files(ROOT, development=development))
        stamp.write(ENVIRONMENT, wanted)
        say(f"Installed in {time.monotonic() - started:.0f} s.")


def has_working_python() -> bool:
    """Whether ``.venv`` has an interpreter that still exists, and pip."""
    return os.access(ENVIRONMENT_PYTHON, os.X_OK) and any(
        ENVIRONMENT.glob("lib/python3*/site-packages/pip/__main__.py")
    )


def is_in_use() -> bool:
    """Whether another manage_all.py runs in ``.venv``: then its Python does for this one, too."""
    with open_lock(ENVIRONMENT / USE_LOCK) as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
    return False


def make_environment() -> None:
    """Make an empty ``.venv`` with the running Python."""
    if importlib.util.find_spec("venv") is None or importlib.util.find_spec("ensurepip") is None:
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        sys.exit(
            f"This Python ({sys.executable}) cannot make virtual environments: "
            f"its venv or ensurepip module is missing.\n"
            f"On Debian and Ubuntu: apt-get install python{version}-venv"
        )
    with open_lock(ENVIRONMENT / USE_LOCK) as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            sys.exit(
                f"{ENVIRONMENT} has to be made anew for Python {sys.version.split()[0]}, "
                f"but a manage_all.py is running in it.\n"
                f"Stop that one first, or use the same Python: {ENVIRONMENT_PYTHON} manage_all.py"
            )
        for entry in ENVIRONMENT.iterdir():
            if entry.name not in (USE_LOCK, INSTALL_LOCK):
                shutil.rmtree(entry) if entry.is_dir() and not entry.is_symlink() else entry.unlink()
        say(f"Making the virtual environment {ENVIRONMENT} with Python {sys.version.split()[0]} ...")
        environment = {name: value for name, value in os.environ.items() if name not in FOREIGN_VARIABLES}
        command = [sys.executable, "-m", "venv", str(ENVIRONMENT)]
        result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if result.returncode != 0:
            sys.exit(f"{result.stdout}{result.stderr}\nThe virtual environment could not be made.")


def hold_environment() -> None:
    """Keep ``.venv`` from being made anew until this process ends, also across its ``exec``."""
    lock = os.open(ENVIRONMENT / USE_LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(lock, fcntl.LOCK_SH)
    os.set_inheritable(lock, True)  # noqa: FBT003 - children close it all the same, as subprocess does by default


@contextlib.contextmanager
def exclusively(path: Path, message: str) -> Iterator[None]:
    """Hold the lock at ``path``; say ``message`` where it has to be waited for."""
    with open_lock(path) as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            say(message)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def open_lock(path: Path) -> TextIO:
    """Open a lock file without changing it."""
    return path.open("a")
