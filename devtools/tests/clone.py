"""A small copy of the repository with stand-in services that start fast, for tests of the commands."""

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
from devservers.processes import wait_for
from devtools.projects import PROJECTS, ROOT, TEMPLATE
from scaffold.descriptions import Project

STAND_IN = Path(__file__).parent / "stand_in"
DESCRIBED = ("user", "order", "gateway")  # regardless of other services in the repository


def worker_of(up: "subprocess.Popen[str]", name: str) -> psutil.Process:
    """Return the worker process of a service; wait for it, because workers start after the services are ready."""

    def found() -> list[psutil.Process]:
        children = psutil.Process(up.pid).children()
        return [each for each in children if each.cmdline()[-1:] == ["work"] and name in each.cwd()]

    assert wait_for(found, seconds=10)
    return found()[0]


class Clone:
    """The copy, and the environment that its commands run in."""

    def __init__(self, root: Path, data_dir: Path) -> None:
        self.root = root
        self.data_dir = data_dir
        self.ports = {name: find_free_port() for name in DESCRIBED}
        self.started: list[subprocess.Popen[str]] = []
        self.up: subprocess.Popen[str] | None = None  # the last one that was started
        self.start_lines: list[str] = []  # its output until it was ready
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
        environment |= {"DATA_DIR": str(self.data_dir), "METRICS_BIND": "127.0.0.1:9100"}
        for name, port in self.ports.items():
            environment[PROJECTS[name].variable("PORT")] = str(port)
        environment["PYTHONPATH"] = str(self.root / "devtools")
        environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # loading the plugins would dominate the time of `test`
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
        self.up, self.start_lines = self.start("up", *options, **extra), []
        for line in self.up.stdout:
            self.start_lines.append(line)
            if "Stop: Ctrl-C" in line:
                return self.up
        raise AssertionError("".join(self.start_lines))

    def running_up(self) -> "subprocess.Popen[str]":
        """Return the ``up`` that an earlier test left running, or start one; wait for its workers."""
        if self.up is None or self.up.poll() is not None:
            self.start_up()
        for worker in ("user-worker", "order-worker"):
            self.wait_for_log(f"{worker:<12} | Worker ready")
        return self.up

    def ended_up(self) -> None:
        """Ensure that ``up`` has run and ended."""
        if self.up is None or self.up.poll() is None:
            self.stop(self.running_up())

    def log(self) -> str:
        return (self.data_dir / "up.log").read_text()

    def wait_for_log(self, text: str) -> None:
        assert wait_for(lambda: text in self.log(), seconds=20), self.log()

    def stop(self, process: "subprocess.Popen[str]", number: int = signal.SIGTERM) -> tuple[int, str, float]:
        started = time.monotonic()
        process.send_signal(number)
        output, _ = process.communicate(timeout=30)
        return process.returncode, output, time.monotonic() - started

    def fetch(self, name: str, path: str, method: str = "GET") -> str:
        request = urllib.request.Request(f"http://127.0.0.1:{self.ports[name]}{path}", method=method)
        with urllib.request.urlopen(request, timeout=5) as response:
            return response.read().decode()

    def processes(self) -> list[psutil.Process]:
        """Return the processes that still run in the clone or on its data."""
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error, OSError):
                if process.cwd().startswith((str(self.root), str(self.data_dir))):
                    found.append(process)
        return found

    def close(self) -> None:
        """End the processes that the test started; fail if others are left."""
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
