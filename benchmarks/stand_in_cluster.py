"""A stand-in for a cluster: processes on their own addresses as pods, and /etc/hosts for headless Services."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from threading import Lock

from benchmarks.client import status_of
from benchmarks.databases import Databases, private_databases
from benchmarks.stack import base_environment, ended_afterwards
from devservers.processes import spawn, wait_for
from devtools.projects import PROJECTS, gunicorn_command, manage_command
from scaffold.descriptions import Project

ORDERS = 1000  # before the load
REPLICAS = {"user": 4, "order": 3, "gateway": 3}
PRESTOP_SECONDS, START_SECONDS = 10, 60
GRACE_SECONDS = {"user": 15, "order": 15, "gateway": 40}  # after preStop, as the manifests have them
HOSTS_SIZE = 4096


class Endpoints:
    """The addresses of ready pods, by service, in this namespace's /etc/hosts."""

    def __init__(self, file: Path) -> None:
        self.ready: dict[str, list[str]] = {name: [] for name in REPLICAS}
        self._file = os.open(file, os.O_RDWR | os.O_CREAT)
        self._lock = Lock()
        self._write()
        subprocess.run(["mount", "--bind", file, "/etc/hosts"], check=True)

    def change(self, name: str, *, add: str | None = None, remove: str | None = None) -> None:
        """Add and remove an address."""
        with self._lock:
            kept = [address for address in self.ready[name] if address != remove]
            self.ready[name] = [*kept, *([add] if add else [])]
            self._write()

    def _write(self) -> None:
        lines = [f"{address} {name}" for name, addresses in self.ready.items() for address in addresses]
        text = "\n".join(["127.0.0.1 localhost", *lines, ""])
        os.pwrite(self._file, text.ljust(HOSTS_SIZE, "\n").encode(), 0)  # one write of constant size


@dataclass
class Pod:
    """A replica on an address of its own."""

    project: Project
    address: str
    process: "subprocess.Popen[bytes]"
    was_killed: bool = False

    def is_ready(self) -> bool:
        """Return whether ``/health/ready`` returns 200."""
        return status_of(f"http://{self.address}:{self.project.port}/health/ready") == HTTPStatus.OK

    def end(self) -> None:
        """Wait for ``preStop``, send SIGTERM, and kill the process after the grace period."""
        time.sleep(PRESTOP_SECONDS)
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(GRACE_SECONDS[self.project.name])
        except subprocess.TimeoutExpired:
            self.was_killed = True
            self.process.kill()


class Cluster:
    """Starts and replaces pods."""

    def __init__(self, databases: Databases, environment: Mapping[str, str]) -> None:
        self.databases, self.environment = databases, environment
        self.endpoints = Endpoints(databases.folder / "hosts")
        self.pods: dict[str, list[Pod]] = {name: [] for name in REPLICAS}
        self.ended: list[Pod] = []
        self._started = 0

    def add(self, name: str) -> None:
        """Start a pod, wait until it is ready, and add its address."""
        project = PROJECTS[name]
        self._started += 1
        address = f"127.0.1.{self._started}"
        environment = {**self.environment, "DATA_DIR": str(self.databases.folder), "BIND": f"{address}:{project.port}"}
        environment |= {
            PROJECTS[each].variable("SERVICE_URL"): f"http://{each}:{PROJECTS[each].port}" for each in project.calls
        }
        if project.database:
            environment["DATABASE_URL"] = self.databases.own[name]
            migrate = manage_command(project, "migrate_once", "--verbosity", "0")
            subprocess.run(migrate, cwd=project.folder, env=environment, check=True)
        with (self.databases.folder / f"{name}-{address}.log").open("wb") as log:
            process = spawn(
                gunicorn_command(project), cwd=project.folder, env=environment, output=log, death_signal=None
            )
        pod = Pod(project, address, process)
        if not wait_for(pod.is_ready, seconds=START_SECONDS, pause_seconds=0.5):
            raise TimeoutError(f"{name} on {address} did not become ready")
        self.pods[name].append(pod)
        self.endpoints.change(name, add=address)

    def replace(self, name: str, ending: ThreadPoolExecutor) -> None:
        """Replace every pod of a service. Each new pod is ready before the old one ends."""
        for old in [*self.pods[name]]:
            self.add(name)
            self.pods[name].remove(old)
            self.endpoints.change(name, remove=old.address)
            self.ended.append(old)
            ending.submit(old.end)


@contextlib.contextmanager
def running_cluster() -> Iterator[Cluster]:
    """Run the pods on private databases."""
    environment = base_environment() | {
        "LOG_FORMAT": "json",
        "WEB_CONCURRENCY": "1",
        "ALLOWED_HOSTS": "localhost,user,order",
    }
    with private_databases(orders=ORDERS) as databases, ended_afterwards(environment) as marked:
        cluster = Cluster(databases, marked)
        for name, number in REPLICAS.items():
            for _ in range(number):
                cluster.add(name)
        yield cluster
