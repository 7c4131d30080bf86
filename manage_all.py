#!/usr/bin/env python3
"""One command for all projects: ``python3 manage_all.py up``, ``test``, ``migrate``, ``status`` and more.

Without arguments it lists its commands. It creates ``.venv`` beside this file, installs the uv that ``uv.lock`` pins
and, with uv, the locked packages, and runs ``devtools`` in ``.venv``. Standard library only: neither pip's version and
configuration nor new releases in a package index affect the result.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - older Pythons parse this file, too
    sys.exit(
        f"manage_all.py needs Python 3.11 or newer, and this is Python {sys.version_info[0]}.{sys.version_info[1]}. "
        "Start it with a newer one, for example: python3.11 manage_all.py"
    )

import contextlib
import fcntl
import hashlib
import io
import json
import os
import platform
import shutil
import subprocess
import time
import tomllib
import urllib.request
import zipfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent
LOCK = ROOT / "uv.lock"
ENVIRONMENT = ROOT / ".venv"
PYTHON = ENVIRONMENT / "bin" / "python"
STAMP = ENVIRONMENT / "manage_all.json"
PYTHON_VERSION = f"{sys.version_info[0]}.{sys.version_info[1]}"
DOWNLOAD_SECONDS = 60

# These commands need the development packages; all others only those of the services and of devtools.
DEVELOPMENT_COMMANDS = {"bench", "fuzz", "lint", "lock", "startservice", "test"}
# These recreate an environment of another Python version; all others use it as it is.
REBUILDING_COMMANDS = {"up", *DEVELOPMENT_COMMANDS}

# Variables that change which packages are imported, or disable bytecode: compiling Django triples the start time of a
# process. UV_VARIABLES are uv's own variables that do not change the installed packages.
FOREIGN_VARIABLES = ("PYTHONHOME", "PYTHONPATH", "PYTHONSAFEPATH", "PYTHONDONTWRITEBYTECODE", "__PYVENV_LAUNCHER__")
UV_VARIABLES = ("UV_CACHE_DIR", "UV_NATIVE_TLS", "UV_SYSTEM_CERTS", "UV_HTTP_TIMEOUT", "UV_OFFLINE", "UV_LINK_MODE")


class InstallError(Exception):
    """The installation failed; the message is the reason in one line."""


def main(arguments: list[str]) -> None:
    """Bring ``.venv`` up to date and run the command in it; never returns."""
    open_closed_streams()
    command = next((argument for argument in arguments if not argument.startswith("-")), "")
    if command == "test":
        refuse_unknown_suite(arguments[arguments.index("test") + 1 :])
    try:
        lock = prepare(development=command in DEVELOPMENT_COMMANDS, rebuild=command in REBUILDING_COMMANDS)
    except InstallError as error:
        sys.exit(str(error))
    except OSError as error:
        sys.exit(f"{ENVIRONMENT} cannot be written: {error.strerror}.")
    except KeyboardInterrupt:
        sys.exit(130)
    if lock is not None:
        os.set_inheritable(lock, True)  # noqa: FBT003 - held across exec, for as long as the command runs
    environment = clean_environment() | {"VIRTUAL_ENV": str(ENVIRONMENT)}
    environment["PATH"] = f"{PYTHON.parent}{os.pathsep}{environment.get('PATH', os.defpath)}"
    os.execve(PYTHON, [str(PYTHON), "-P", "-m", "devtools", *arguments], environment)  # noqa: S606


def open_closed_streams() -> None:
    """Open /dev/null for each closed standard stream, so that no other file gets its descriptor."""
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest free descriptor, which is this one


def refuse_unknown_suite(arguments: list[str]) -> None:
    """Exit if the first argument of ``test`` is not a suite, a path or an option."""
    folders = [*sorted(ROOT.glob("*_project")), *ROOT.glob("devtools/template/*_project")]
    projects = [folder.name.removesuffix("_project") for folder in folders]
    suites = [*projects, *(tests.parent.name for tests in sorted(ROOT.glob("libs/*/tests"))), "devtools", "system"]
    name = arguments[0].rstrip("/").removesuffix("_project") if arguments else "system"
    if name not in suites and not name.startswith("-") and not (ROOT / name.partition("::")[0]).exists():
        sys.exit(f"There is no suite {arguments[0]!r}; there are {', '.join(suites)}.")


def prepare(*, development: bool, rebuild: bool) -> "int | None":
    """Create or complete ``.venv``; return a descriptor whose lock prevents its recreation.

    A command that needs no development packages uses the existing environment, if that can import its packages and the
    installation fails, or another manage_all.py or another Python version uses the environment.
    """
    wanted = {"python": PYTHON_VERSION, "packages": digest_of_lock(), "root": str(ROOT)}
    if covers(read_stamp(), wanted, development=development):
        return shared_lock()
    keep = (is_in_use() and not development) or not (rebuild or has_this_python())
    if keep and can_import():
        return shared_lock()
    try:
        ENVIRONMENT.mkdir(exist_ok=True)
        with (ENVIRONMENT / ".install.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # a concurrent installation may have installed everything
            if not covers(read_stamp(), wanted, development=development):
                install(wanted, development=development)
    except (InstallError, OSError) as error:
        if development or not can_import():
            raise
        say(f"{error} Continuing with the installed packages.")
    return shared_lock()


def install(wanted: "dict[str, Any]", *, development: bool) -> None:
    """Install the locked packages into ``.venv``; recreate it first if it was moved or an installation interrupted."""
    started, found = time.monotonic(), read_stamp()
    if not has_this_python() or was_moved() or found.get("interrupted"):
        make_environment()
    write_stamp({"interrupted": True})
    try:
        synchronise(install_uv(PYTHON.parent), development=development)
    except (InstallError, KeyboardInterrupt):
        write_stamp(found)  # uv downloads everything before it changes anything
        raise
    write_stamp({**wanted, "development": development})
    say(f"Installed in {time.monotonic() - started:.0f} s.")


def synchronise(uv: Path, *, development: bool) -> None:
    """Install the locked packages with uv; installed development packages are kept."""
    say("Installing the packages of uv.lock ...")
    command = [str(uv), "sync", "--frozen", "--no-config", "--no-progress", "--python", str(PYTHON)]
    command += ["--all-packages", "--extra", "tracing"]
    command += [] if development else ["--no-dev", "--inexact"]
    command += [f"--no-install-package={name}" for name in removed_projects()]
    variables = {"UV_SYSTEM_CERTS": "1"}  # as for the download of uv
    variables |= {name: os.environ[name] for name in UV_VARIABLES if name in os.environ}
    if not is_writable(cache_home()):
        variables["UV_CACHE_DIR"] = str(ENVIRONMENT / "cache")
    result = subprocess.run(
        command, cwd=ROOT, env=clean_environment() | variables, capture_output=True, text=True, check=False
    )
    if result.returncode != 0:
        lines = [line.strip() for line in result.stderr.splitlines() if line.strip()]
        causes = [line for line in lines if line.startswith(("error:", "cause:"))] or lines[-1:]
        raise InstallError(f"The packages could not be installed: {' '.join(dict.fromkeys([causes[0], causes[-1]]))}")


def removed_projects() -> "list[str]":
    """Return the names of locked projects whose folder was deleted; `generate` removes them from the lock."""
    packages = tomllib.loads(LOCK.read_text(encoding="utf-8"))["package"]
    folders = {package["name"]: package["source"].get("editable") for package in packages}
    return [name for name, folder in folders.items() if folder and not (ROOT / folder).is_dir()]


def has_this_python() -> bool:
    """Return whether ``.venv`` was created with this Python version, and its interpreter still exists."""
    return (ENVIRONMENT / "lib" / f"python{PYTHON_VERSION}").is_dir() and os.access(PYTHON, os.X_OK)


def was_moved() -> bool:
    """Return whether ``.venv`` was created at another path, to which its scripts and packages refer."""
    return str(read_stamp().get("root", ROOT)) != str(ROOT)


def make_environment() -> None:
    """Create an empty ``.venv`` with the running Python."""
    if is_in_use():
        raise InstallError(
            f"{ENVIRONMENT} must be recreated for Python {platform.python_version()}, but another "
            f"manage_all.py is running in it. Stop that first, or use its Python: {PYTHON} manage_all.py"
        )
    for entry in ENVIRONMENT.iterdir():
        if entry.name not in (".in-use.lock", ".install.lock"):
            shutil.rmtree(entry) if entry.is_dir() and not entry.is_symlink() else entry.unlink()
    say(f"Making the virtual environment {ENVIRONMENT} with Python {platform.python_version()} ...")
    command = [sys.executable, "-m", "venv", "--without-pip", str(ENVIRONMENT)]
    result = subprocess.run(command, env=clean_environment(), capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise InstallError(f"This Python ({sys.executable}) cannot make virtual environments: {result.stderr.strip()}")


def install_uv(folder: Path) -> Path:
    """Install the uv program that ``uv.lock`` pins into ``folder``; return its path.

    Raises:
        InstallError: no wheel fits this platform, it cannot be downloaded, or its hash is wrong.
    """
    program = folder / "uv"
    wheel = choose_wheel()
    marker = folder / ".uv.wheel"
    if program.exists() and marker.exists() and marker.read_text() == wheel["hash"]:
        return program
    content = download(wheel["url"], wheel["hash"].removeprefix("sha256:"))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".data/scripts/uv"))
        write_atomically(program, archive.read(name), mode=0o755)
    write_atomically(marker, wheel["hash"].encode())
    return program


def choose_wheel() -> "dict[str, str]":
    """Return the lock entry (``url``, ``hash``) of uv's wheel for this platform."""
    packages = tomllib.loads(LOCK.read_text(encoding="utf-8"))["package"]
    (uv,) = (package for package in packages if package["name"] == "uv")
    system = "macosx" if sys.platform == "darwin" else "manylinux" if platform.libc_ver()[0] else "musllinux"
    for wheel in uv["wheels"]:
        name = wheel["url"].rpartition("/")[2]
        if system in name and name.endswith(f"_{platform.machine()}.whl"):
            return dict(wheel)
    raise InstallError(f"uv {uv['version']} has no wheel for {sys.platform} on {platform.machine()}.")


def download(url: str, sha256: str) -> bytes:
    """Return the file at ``url``, from the cache if it was downloaded before."""
    cached = cache_home() / "django-microservices" / url.rpartition("/")[2]
    with contextlib.suppress(OSError):
        content = cached.read_bytes()
        if hashlib.sha256(content).hexdigest() == sha256:
            return content
    say(f"Downloading {cached.name} ...")
    try:
        with urllib.request.urlopen(url, timeout=DOWNLOAD_SECONDS) as response:  # noqa: S310 - https, from the lock  # nosec B310
            content = bytes(response.read())
    except OSError as error:
        raise InstallError(f"{url} could not be downloaded: {getattr(error, 'reason', error)}") from error
    if hashlib.sha256(content).hexdigest() != sha256:
        raise InstallError(f"{url} does not have the hash that uv.lock pins.")
    with contextlib.suppress(OSError):  # without a cache the next clone downloads it again
        cached.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(cached, content)
    return content


def cache_home() -> Path:
    """Return the user's cache folder, even without HOME."""
    return Path(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"))  # noqa: PTH111 - never raises


def is_writable(folder: Path) -> bool:
    """Return whether files can be created in the folder, which need not exist."""
    existing = next(each for each in (folder, *folder.parents) if each.exists())
    return os.access(existing, os.W_OK)


def write_atomically(file: Path, content: bytes, mode: int = 0o644) -> None:
    """Write a file atomically."""
    unfinished = file.with_name(f".{file.name}.{os.getpid()}")
    unfinished.write_bytes(content)
    unfinished.chmod(mode)
    unfinished.replace(file)


def digest_of_lock() -> str:
    """Return a digest of all files that determine the installed packages."""
    digest = hashlib.sha256()
    members = (
        file
        for folder in ("", "*/", "libs/*/", "devtools/template/*/")
        for file in ROOT.glob(f"{folder}pyproject.toml")
    )
    for file in [LOCK, *sorted(members)]:
        digest.update(file.read_bytes())
    return digest.hexdigest()


def read_stamp() -> "dict[str, Any]":
    """Return the recorded state of the environment; empty if there is none."""
    try:
        return dict(json.loads(STAMP.read_text()))
    except (OSError, ValueError):
        return {}


def write_stamp(stamp: "dict[str, Any]") -> None:
    """Record the state of the environment."""
    write_atomically(STAMP, json.dumps(stamp).encode())


def covers(stamp: "dict[str, Any]", wanted: "dict[str, Any]", *, development: bool) -> bool:
    """Return whether an environment with this stamp has all wanted packages."""
    has_development = bool(stamp.get("development")) or not development
    return os.access(PYTHON, os.X_OK) and {**stamp, **wanted} == stamp and has_development


def can_import() -> bool:
    """Return whether the environment can import the packages of a running system, and those of this checkout."""
    if was_moved():
        return False
    projects = ", ".join(sorted(folder.name for folder in ROOT.glob("*_project")))
    code = f"import devtools.cli, django, gunicorn, psycopg2, {projects}"
    try:
        return subprocess.run([PYTHON, "-P", "-c", code], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def shared_lock() -> "int | None":
    """Lock the environment against recreation until this process ends, also after exec."""
    try:
        lock = os.open(ENVIRONMENT / ".in-use.lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError:  # a read-only checkout
        return None
    fcntl.flock(lock, fcntl.LOCK_SH)
    return lock


def is_in_use() -> bool:
    """Return whether another manage_all.py runs in the environment."""
    try:
        with (ENVIRONMENT / ".in-use.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False


def clean_environment() -> "dict[str, str]":
    """Return this process's environment without the variables that change the installed or imported packages."""
    return {n: v for n, v in os.environ.items() if n not in FOREIGN_VARIABLES and not n.startswith("UV_")}


def say(message: str) -> None:
    """Print a line of progress; ignore a closed stream."""
    with contextlib.suppress(OSError):
        print(message, file=sys.stderr, flush=True)  # stdout has only the output of the command


if __name__ == "__main__":
    main(sys.argv[1:])
