"""Snapshots of the shared counters over the last five minutes."""

import json
import os
import time
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from portal.traffic import Counts

_MAX_SNAPSHOTS = 61
_FILE = "portal-history.json"


class History(deque[Counts]):
    """The snapshots of this process, preceded by those of an older process.

    Each process takes its own snapshots, which needs no leader election, and saves them in the directory of the
    metrics. A worker that starts later loads them, so it shows the same minutes as the worker that it replaces.
    """

    def __init__(self) -> None:
        super().__init__(maxlen=_MAX_SNAPSHOTS)

    def load(self) -> None:
        """Load the snapshots that another process saved, if the file exists."""
        if (file := _file()) and file.exists():
            snapshots = json.loads(file.read_text())
            self.extend(
                Counts(at, _mapping(one), _mapping(two), _mapping(three))
                for at, one, two, three in snapshots
                if at <= time.monotonic()  # not of another clock, before a reboot
            )

    def save(self) -> None:
        """Save the snapshots for processes that start later."""
        if file := _file():
            content = [[one.at, _rows(one.responses), _rows(one.durations), _rows(one.failures)] for one in self]
            new = file.with_suffix(f".{os.getpid()}")
            new.write_text(json.dumps(content))
            new.replace(file)


def _file() -> Path | None:
    folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    return Path(folder, _FILE) if folder else None


def _rows(mapping: Mapping[tuple[Any, Any], float]) -> list[list[Any]]:
    return [[*key, value] for key, value in mapping.items()]


def _mapping(rows: list[list[Any]]) -> dict[tuple[Any, Any], float]:
    return {(first, second): value for first, second, value in rows}
