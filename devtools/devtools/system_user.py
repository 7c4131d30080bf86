"""The unprivileged user that PostgreSQL runs as when the launcher runs as root."""

import os
import pwd
from dataclasses import dataclass
from pathlib import Path

from devtools.errors import LauncherError

CANDIDATES = ("postgres", "nobody")


@dataclass(frozen=True)
class SystemUser:
    """A user of the system, by number and name."""

    name: str
    uid: int
    gid: int


def server_user() -> SystemUser | None:
    """Return the user for PostgreSQL, or None where this process is not root and PostgreSQL runs as its own user."""
    if os.geteuid() != 0:
        return None
    for name in CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return SystemUser(name, entry.pw_uid, entry.pw_gid)
    raise LauncherError(
        f"PostgreSQL does not run as root, and this system has no user named {' or '.join(CANDIDATES)}. "
        "Start manage_all.py as an ordinary user."
    )


def first_closed_folder(path: Path, user: SystemUser) -> Path | None:
    """Return the outermost folder on the way to ``path`` that the user cannot enter, or None."""
    for folder in [*reversed(path.resolve().parents), path.resolve()]:
        status = folder.stat()
        if status.st_uid == user.uid:
            may_enter = status.st_mode & 0o100
        elif status.st_gid == user.gid:
            may_enter = status.st_mode & 0o010
        else:
            may_enter = status.st_mode & 0o001
        if not may_enter:
            return folder
    return None
