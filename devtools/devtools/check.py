"""A static check and what became of it."""

import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from devtools.projects import ROOT

Result = Literal["ok", "FAILED", "skipped"]


@dataclass(frozen=True)
class Check:
    """A command that succeeds when all is well."""

    name: str
    command: Sequence[str]
    folder: Path = ROOT
    environment: Mapping[str, str] = field(default_factory=dict)
    unavailable: str = ""  # why it cannot be made
    unavailable_if: tuple[str, ...] = ()  # texts in its output that say that it could not be made


@dataclass(frozen=True)
class Outcome:
    """What became of a check."""

    check: Check
    result: Result
    output: str
    seconds: float = 0.0


def run(check: Check, base: Mapping[str, str]) -> Outcome:
    """Run one check in the environment ``base``."""
    if check.unavailable:
        return Outcome(check, "skipped", check.unavailable)
    started = time.monotonic()
    done = subprocess.run(
        check.command,
        cwd=check.folder,
        env={**base, **check.environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    result: Result = "ok" if done.returncode == 0 else "FAILED"
    lines = [line for line in done.stdout.splitlines() if any(text in line for text in check.unavailable_if)]
    if lines and "vulnerabilit" not in done.stdout.replace("No known vulnerabilities", ""):
        return Outcome(check, "skipped", f"{len(lines)} lines like: {lines[-1]}", time.monotonic() - started)
    return Outcome(check, result, done.stdout, time.monotonic() - started)
