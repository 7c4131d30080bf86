"""Files that concurrent commands read and write."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

PRIVATE, PUBLIC = 0o600, 0o644


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Create the folder, and hold its lock."""
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    with (folder / "lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def replace(file: Path, content: str, mode: int) -> None:
    """Replace the file atomically, so that a reader sees the old or the new content."""
    new = file.with_name(f"{file.name}.new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w") as stream:
        stream.write(content)
    new.replace(file)
