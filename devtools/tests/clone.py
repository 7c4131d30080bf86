"""A small copy of the repository with services that start in no time, to run the commands of devtools on."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import psutil

from devservers.ports import find_free_port
from devtools.projects import PROJECTS, ROOT, TEMPLATE
from scaffold.descriptions import Project

STAND_IN = Path(__file__).parent / "stand_in"
DESCRIBED = ("user", "order", "gateway")  # whatever other services this repository has


class Clone:
    """The copy, and the environment that its commands run in."""

    def __init__(self, root: Path, data_dir: Path) -> None:
        self.root = root
        self.data_dir = data_dir
        self.ports = {name: find_free_port() for name in DESCRIBED}
        self.started: list[subprocess.Popen[str]] = []
        shutil.copytree(ROOT / "devtools" / "devtools", root / "devtools" / "devtools")
        for project in (PROJECTS[name] for name in DESCRIBED):
            package = root / project.package / project.package
            package.mkdir(parents=True)
            (package / "__init__.py").touch()
            shutil.copy(STAND_IN / "wsgi.py", package)
            self._describe(project)
            shutil.copy(STAND_IN / "manage.py", package.parent)
            shutil.copy(STAND_IN / "gunicorn.conf.py", package.parent)

        self._describe(TEMPLATE)

    def _describe(self, project: Project) -> None:
        folder = self.root / project.folder.relative_to(ROOT)
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("service.toml", "pyproject.toml"):
            shutil.copy(project.folder / name, folder)

    def environment(self, **extra: str) -> dict[str, str]:
        unwanted = ("USER_DATABASE_URL", "ORDER_DATABASE_URL", "TEST_COVERAGE")
        environment = {name: value for name, value in os.environ.items() if name not in unwanted}
        environment["DATA_DIR"] = str(self.data_dir)
        for name, port in self.ports.items():
            environment[PROJECTS[name].variable("PORT")] = str(port)
        environment["PYTHONPATH"] = str(self.root / "devtools")
        environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # which would be most of the time of `test`
        return {**environment, **extra}

    def start(self, *arguments: str, **extra: str) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [sys.executable, "-m", "devtools", *arguments],
            cwd=self.root,
            env=self.environment(**extra),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.started.append(process)
        return process

    def run(self, *arguments: str, **extra: str) -> tuple[int, str]:
        process = self.start(*arguments, **extra)
        output, _ = process.communicate(timeout=60)
        return process.returncode, output

    def start_up(self, *options: str, **extra: str) -> "subprocess.Popen[str]":
        """Start ``up`` and read until it is ready."""
        process = self.start("up", *options, **extra)
        for line in process.stdout:
            if "Stop: Ctrl-C" in line:
                return process
        raise AssertionError("up ended before it was ready")

    def stop(self, process: "subprocess.Popen[str]", number: int = signal.SIGTERM) -> tuple[int, str, float]:
        started = time.monotonic()
        process.send_signal(number)
        output, _ = process.communicate(timeout=30)
        return process.returncode, output, time.monotonic() - started

    def ask(self, name: str, path: str, method: str = "GET") -> str:
        request = urllib.request.Request(f"http://127.0.0.1:{self.ports[name]}{path}", method=method)
        with urllib.request.urlopen(request, timeout=5) as response:
            return response.read().decode()

    def processes(self) -> list[psutil.Process]:
        """What still runs in the clone or on its data."""
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error, OSError):
                if process.cwd().startswith((str(self.root), str(self.data_dir))):
                    found.append(process)
        return found

    def close(self) -> None:
        """End what a test left; and where it left more than it said, fail."""
        for process in self.started:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=15)
            process.kill()
            process.wait()
            process.stdout.close()
        left = self.processes()
        for process in left:
            process.kill()
        assert left == []
