"""Snapshots of the shared counts over the last five minutes."""

import json
import os
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from portal.traffic import Counts

_MAX_SNAPSHOTS = 61  # snapshots
_FILE = "portal-history.json"


class History(deque[Counts]):
    """The snapshots that this process took, and before its start those of an older process.

    Each process keeps its own, so that nobody needs to be elected. It saves them beside the metrics, where a process
    that starts later finds them: a new worker knows the same minutes as the one that it replaces.
    """

    def __init__(self) -> None:
        super().__init__(maxlen=_MAX_SNAPSHOTS)

    def load(self) -> None:
        """Load the snapshots that another process saved, if there are any."""
        if (file := _file()) and file.exists():
            snapshots = json.loads(file.read_text())
            self.extend(Counts(at, _mapping(one), _mapping(two), _mapping(three)) for at, one, two, three in snapshots)

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
