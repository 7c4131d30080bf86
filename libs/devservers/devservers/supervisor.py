"""Runs processes in parallel: shows their output, detects when one ends, and stops them all.

It runs in the only thread of this process, as :func:`devservers.processes.spawn` requires: the death signal is sent
when the thread that spawned a process ends.
"""

import contextlib
import os
import selectors
import signal
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from subprocess import Popen

from devservers.processes import describe_exit, send_to_group, spawn

WIDTH = 12  # of the process names before the lines
COLOURS = (36, 33, 32, 35, 34, 31)  # ANSI codes of the process names
TAIL_LINES = 15
READY_TEXT = "Worker ready"  # logged by servers and workers after their start
POLL_SECONDS = 0.1
GRACE_SECONDS = 5.0  # until SIGKILL; below ten seconds together with PostgreSQL's shutdown


class ProcessEndedError(Exception):
    """A process ended unexpectedly or a command failed; the message contains its last lines of output."""


class StopRequested(Exception):  # noqa: N818 - a request, not an error
    """Ctrl-C or a signal requested a stop."""


class Console:
    """Writes lines, prefixed with the name of their process, to the standard output and to a log file.

    Colours are used on a terminal unless NO_COLOR is set (https://no-color.org).
    """

    def __init__(self, log_file: Path) -> None:
        self.log = log_file.open("w", encoding="utf-8", errors="replace", buffering=1)
        self.coloured = sys.stdout.isatty() and "NO_COLOR" not in os.environ
        self.colours: dict[str, int] = {}  # by name

    def say(self, text: str, name: str = "manage") -> None:
        """Write lines of the process ``name``; the default is this tool."""
        for line in text.splitlines() or [""]:
            prefix = f"{name:<{WIDTH}} |"
            with contextlib.suppress(OSError):  # a full disk
                self.log.write(f"{prefix} {line}\n")
            colour = self.colours.setdefault(name, COLOURS[len(self.colours) % len(COLOURS)])
            start, end = (f"\033[{colour}m", "\033[0m") if self.coloured else ("", "")
            self.write(f"{start}{prefix}{end} {line}\n")

    def write(self, text: str) -> None:
        """Write text unchanged to the standard output. A closed pipe is replaced with /dev/null."""
        try:
            sys.stdout.buffer.write(text.encode(sys.stdout.encoding, errors="replace"))
            sys.stdout.buffer.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class Child:
    """A process and the last lines of its output or log file."""

    def __init__(self, name: str, process: Popen[bytes], log_file: Path | None = None) -> None:
        self.name = name
        self.process = process
        self.log_file = log_file
        self.tail: deque[str] = deque(maxlen=TAIL_LINES)
        self.unfinished = b""
        self.is_ready = False  # it printed READY_TEXT

    @property
    def has_ended(self) -> bool:
        """Whether the process has ended."""
        return self.process.poll() is not None

    def failure(self) -> ProcessEndedError:
        """Return an error with the exit status and the last lines."""
        if self.log_file:
            self.tail.extend(self.log_file.read_text(errors="replace").splitlines())
        last_lines = "\n".join(f"    {line}" for line in self.tail) or "    (it printed nothing)"
        how = describe_exit(self.process.returncode)
        return ProcessEndedError(f"{self.name} ended: {how}. Its last lines:\n{last_lines}")


class Supervisor:
    """The processes of one run. It records SIGINT, SIGTERM and SIGHUP, and :meth:`poll` raises StopRequested."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.children: dict[str, Child] = {}  # processes that must keep running, by name
        self.selector = selectors.DefaultSelector()
        self.signals: list[int] = []
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:  # nohup ignores it
                signal.signal(number, lambda received, _frame: self.signals.append(received))

    def start(
        self, name: str, command: Sequence[str], *, cwd: Path, env: Mapping[str, str], inherited: Sequence[int]
    ) -> Child:
        """Start a process that inherits the file descriptors, and register its output."""
        child = Child(name, spawn(command, cwd=cwd, env=env, inherited=inherited))
        if child.process.stdout:
            os.set_blocking(child.process.stdout.fileno(), False)
            self.selector.register(child.process.stdout, selectors.EVENT_READ, child)
        return child

    def finish(self, commands: Sequence[Child]) -> None:
        """Wait for commands to end; kill them if a signal arrives first.

        Raises:
            ProcessEndedError: a command failed.
        """
        try:
            self.wait_until(lambda: all(child.has_ended for child in commands))
        finally:
            self.kill(commands)
        for child in commands:
            if child.process.returncode != 0:
                raise child.failure()

    def wait_until(self, condition: Callable[[], bool], *, seconds: float = float("inf")) -> bool:
        """Poll until the condition is true; return False after a timeout. Raises the errors of :meth:`poll`."""
        give_up_at = time.monotonic() + seconds
        while not condition():
            if time.monotonic() >= give_up_at:
                return False
            self.poll()
        return True

    def poll(self, seconds: float = POLL_SECONDS) -> None:
        """Show output for ``seconds``; check for signals and for ended processes.

        Raises:
            StopRequested: a signal arrived.
            ProcessEndedError: a child ended.
        """
        self.show_output(seconds)
        if self.signals:
            raise StopRequested
        for child in self.children.values():
            if child.has_ended:
                self._drain(child)
                raise child.failure()

    def show_output(self, seconds: float) -> None:
        """Show available output; wait at most ``seconds`` for it."""
        if not self.selector.get_map():
            time.sleep(seconds)
        for key, _ in self.selector.select(seconds) if self.selector.get_map() else ():
            self._read(key.data)

    def _read(self, child: Child) -> bool:
        """Show one chunk of a child's output; return False if none is available."""
        stream = child.process.stdout
        if stream is None or stream.closed:
            return False
        try:
            chunk = os.read(stream.fileno(), 65536)
        except BlockingIOError:
            return False
        if not chunk:
            self.selector.unregister(stream)
            stream.close()
        *lines, child.unfinished = (child.unfinished + (chunk or b"\n" * bool(child.unfinished))).split(b"\n")
        for line in lines:
            text = line.decode(errors="replace").rstrip("\r")
            child.tail.append(text)
            child.is_ready = child.is_ready or READY_TEXT in text
            self.console.say(text, child.name)
        return bool(chunk)

    def _drain(self, child: Child) -> None:
        while self._read(child):
            pass

    def kill(self, children: Iterable[Child]) -> None:
        """Kill the process groups of children, which include workers that outlived their service."""
        for child in children:
            send_to_group(child.process, signal.SIGKILL)
            child.process.wait()
            self._drain(child)

    def stop(self, children: Sequence[Child]) -> None:
        """Stop children and their workers with SIGTERM; kill them after GRACE_SECONDS or another signal."""
        received, give_up_at = len(self.signals), time.monotonic() + GRACE_SECONDS
        for child in children:
            child.process.send_signal(signal.SIGTERM)  # no effect if it has ended
        while not all(child.has_ended for child in children):
            if time.monotonic() >= give_up_at or len(self.signals) > received:
                break
            self.show_output(POLL_SECONDS)
        self.kill(children)
