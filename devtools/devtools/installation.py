"""Runs pip and shows how far it is. Standard library only."""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

PROGRESS_SECONDS = 3.0  # between two lines where the output is not a terminal

# A person's pip configuration may name an index; it must not send the packages elsewhere than into the environment.
REDIRECTING_VARIABLES = (
    "PIP_TARGET",
    "PIP_PREFIX",
    "PIP_ROOT",
    "PYTHONPATH",
    "PYTHONHOME",
    "__PYVENV_LAUNCHER__",
)


def say(message: str) -> None:
    """Print a line of progress; nobody reading it is no reason to fail."""
    with contextlib.suppress(OSError):
        print(message, flush=True)


def install(python: Path, files: Sequence[Path]) -> None:
    """Install what ``files`` pin, every package checked against its hash.

    Ends the program with pip's own output when pip fails.
    """
    say(f"Installing the packages of {', '.join(f'{file.parent.name}/{file.name}' for file in files)} ...")
    command = [
        str(python),
        "-m",
        "pip",
        "install",
        "--require-hashes",
        "--disable-pip-version-check",
        "--no-input",
    ]
    command += ["--progress-bar", "off"]
    for file in files:
        command += ["--requirement", str(file)]
    environment = {name: value for name, value in os.environ.items() if name not in REDIRECTING_VARIABLES}
    environment["PIP_USER"] = "0"
    with subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as pip:
        lines = show_progress(pip)
    if pip.returncode != 0:
        sys.exit("".join(lines) + f"\npip failed with exit status {pip.returncode}; its output is above.")


def show_progress(pip: "subprocess.Popen[str]") -> list[str]:
    """Show what pip is at until it ends; return all it printed."""
    lines: list[str] = []
    started = shown = time.monotonic()
    on_terminal = sys.stdout is not None and sys.stdout.isatty()
    for line in pip.stdout or ():
        lines.append(line)
        activity = describe(line)
        now = time.monotonic()
        if activity and (on_terminal or now - shown >= PROGRESS_SECONDS or activity.startswith("unpacking")):
            shown = now
            text = f"  {now - started:4.0f} s  {activity}"
            if on_terminal:
                print(f"\r\033[K{text[:100]}", end="", flush=True)
            else:
                say(text)
    if on_terminal:
        print("\r\033[K", end="", flush=True)
    return lines


def describe(line: str) -> str | None:
    """Turn a line of pip's output into a word on what it is doing, where it says that."""
    words = line.split()
    if not words:
        return None
    if words[0] in ("Collecting", "Processing") and len(words) > 1:
        return f"fetching {words[1].rsplit('/', 1)[-1]}"
    if line.startswith("Installing collected packages:"):
        return f"unpacking {len(words) - 3} packages"
    return None
