"""Runs processes side by side: shows what they print, notices when one ends, and stops them all.

It has one thread and looks at everything in turn. So a process is always started by the thread that lives as long as
the launcher, which :func:`devtools.processes.spawn` needs.
"""

import os
import selectors
import signal
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from subprocess import Popen

from devtools import postgres
from devtools.errors import LauncherError
from devtools.output import Output
from devtools.processes import describe_exit, marked, send_to_group, spawn
from devtools.signals import StopSignals

TAIL_LINES = 15
LOOK_SECONDS = 0.1
GRACE_SECONDS = 5.0  # for the services; with PostgreSQL's seconds it stays below ten
CHUNK_BYTES = 65536


class ProcessEndedError(LauncherError):
    """A process ended that was meant to go on, or a command failed."""

    def __init__(self, name: str, status: int, tail: Sequence[str]) -> None:
        last_lines = "\n".join(f"    {line}" for line in tail) or "    (it printed nothing)"
        super().__init__(f"{name} ended: {describe_exit(status)}. Its last lines:\n{last_lines}")


class Child:
    """A process and the last that it printed."""

    def __init__(self, name: str, process: Popen[bytes]) -> None:
        self.name = name
        self.process = process
        self.tail: deque[str] = deque(maxlen=TAIL_LINES)
        self.unfinished = b""


class Supervisor:
    """The processes of one run."""

    def __init__(self, run: str, output: Output, signals: StopSignals) -> None:
        self.run = run
        self.output = output
        self.signals = signals
        self.services: list[Child] = []
        self.postgres: Child | None = None
        self.selector = selectors.DefaultSelector()

    def start_service(self, name: str, command: Sequence[str], *, cwd: Path, env: Mapping[str, str]) -> Child:
        """Start a process that is meant to go on."""
        child = self.start_command(name, command, cwd=cwd, env=env)
        self.services.append(child)
        return child

    def start_command(self, name: str, command: Sequence[str], *, cwd: Path, env: Mapping[str, str]) -> Child:
        """Start a process that is meant to end; see :meth:`finish`."""
        return self.watch_output(Child(name, spawn(command, cwd=cwd, env=marked(env, self.run))))

    def watch_output(self, child: Child) -> Child:
        """Show what the child prints from now on."""
        if child.process.stdout is not None:
            os.set_blocking(child.process.stdout.fileno(), False)
            self.selector.register(child.process.stdout, selectors.EVENT_READ, child)
        return child

    def finish(self, commands: Sequence[Child]) -> None:
        """Wait for commands to end.

        Raises:
            ProcessEndedError: one of them failed.
            StopRequested: a signal came first; the commands are ended.
        """
        try:
            while any(child.process.poll() is None for child in commands):
                self.look()
            for child in commands:
                self.drain(child)
                if child.process.returncode != 0:
                    raise ProcessEndedError(child.name, child.process.returncode, child.tail)
        finally:
            for child in commands:
                send_to_group(child.process, signal.SIGKILL)
                child.process.wait()

    def wait_until(self, condition: Callable[[], bool], *, seconds: float) -> bool:
        """Run on until the condition holds; False when it does not in time. Raises as :meth:`look` does."""
        give_up_at = time.monotonic() + seconds
        while not condition():
            if time.monotonic() >= give_up_at:
                return False
            self.look()
        self.pass_on_output(0)
        return True

    def look(self, seconds: float = LOOK_SECONDS) -> None:
        """Pass on what was printed within ``seconds``, and see to signals and to children that ended.

        Raises:
            StopRequested: a signal asked for the end.
            ProcessEndedError: a service or PostgreSQL has ended.
        """
        self.pass_on_output(seconds)
        self.signals.check()
        for child in [*self.services, *([self.postgres] if self.postgres else [])]:
            status = child.process.poll()
            if status is not None:
                self.drain(child)
                raise ProcessEndedError(child.name, status, child.tail)

    def look_for_signals(self, seconds: float) -> None:
        """As :meth:`look`, for the time in which PostgreSQL is being started."""
        self.pass_on_output(seconds)
        self.signals.check()

    def pass_on_output(self, seconds: float) -> None:
        """Write out what children print within ``seconds``, or wait that long."""
        if not self.selector.get_map():
            time.sleep(seconds)
            return
        for key, _ in self.selector.select(seconds):
            self.read(key.data)

    def read(self, child: Child) -> bool:
        """Pass on one chunk of a child's output; False when there is none now."""
        stream = child.process.stdout
        if stream is None or stream.closed:
            return False
        try:
            chunk = os.read(stream.fileno(), CHUNK_BYTES)
        except BlockingIOError:
            return False
        if not chunk:
            self.selector.unregister(stream)
            stream.close()
        *lines, child.unfinished = (child.unfinished + (chunk or b"\n" * bool(child.unfinished))).split(b"\n")
        for line in lines:
            text = line.decode(errors="replace").rstrip("\r")
            child.tail.append(text)
            self.output.line(child.name, text)
        return bool(chunk)

    def drain(self, child: Child) -> None:
        """Pass on all that a child that has ended had printed."""
        while self.read(child):
            pass

    def stop(self) -> None:
        """Stop the services and what they started, then PostgreSQL. Another signal ends the patience with services."""
        already_received = self.signals.received
        give_up_at = time.monotonic() + GRACE_SECONDS
        for child in self.services:
            if child.process.poll() is None:
                child.process.send_signal(signal.SIGTERM)
        while any(child.process.poll() is None for child in self.services):
            if time.monotonic() >= give_up_at or self.signals.received > already_received:
                break
            self.pass_on_output(LOOK_SECONDS)
        for child in self.services:
            send_to_group(
                child.process, signal.SIGKILL
            )  # also the workers of a service that died without them
            child.process.wait()
            self.drain(child)
        if self.postgres is not None:
            postgres.stop(self.postgres.process)
            self.drain(self.postgres)
