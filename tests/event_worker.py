"""The background process of a service, for tests that start and kill it."""

import signal
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from devservers.processes import send_to_group, spawn
from devtools.projects import manage_command
from tests.system import Service


@dataclass
class EventWorker:
    """``manage.py work`` of a service."""

    service: Service
    log_file: Path
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def log(self) -> str:
        """The output of the worker so far."""
        return self.log_file.read_text(errors="replace")

    def start(self) -> None:
        """Start the process without waiting until it is ready."""
        project = self.service.project
        with self.log_file.open("ab") as log:
            self.process = spawn(
                manage_command(project, "work"),
                cwd=project.folder,
                env=self.service.environment,
                output=log,
                death_signal=None,  # unsafe with threads
            )

    def kill(self) -> None:
        """Kill the process."""
        send_to_group(self.process, signal.SIGKILL)
        self.process.wait()
