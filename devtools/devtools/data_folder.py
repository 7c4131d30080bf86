"""The data folder: who may enter it, the lock on it, and the secrets in it."""

import contextlib
import fcntl
import json
import os
import secrets
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from devtools.errors import LauncherError
from devtools.system_user import SystemUser, first_closed_folder, server_user

ENTER_ONLY = 0o711  # others may pass through on their way to a folder of their own, and see nothing
PRIVATE = 0o700
SECRET = 0o600


@dataclass(frozen=True)
class Holder:
    """Who holds the lock on a data folder."""

    pid: int
    purpose: str


class FolderInUseError(LauncherError):
    """Another run holds the lock on the data folder."""

    def __init__(self, path: Path, holder: Holder) -> None:
        super().__init__(f"`{holder.purpose}` is running on {path} (pid {holder.pid}).")
        self.holder = holder


class DataFolder:
    """The folder that holds the private PostgreSQL's data, the secrets, and the state of a running system."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.user: SystemUser | None = server_user()
        self.lock_file = path / "lock"

    def prepare(self) -> None:
        """Create the folder so that PostgreSQL can reach its part of it, and nobody else anything.

        Raises:
            LauncherError: the folder cannot be created, or lies where PostgreSQL's user cannot go.
        """
        existing = next(folder for folder in [self.path, *self.path.parents] if folder.exists())
        self.refuse_closed_folder(existing.parent if existing == self.path else existing)
        try:
            for parent in [*reversed(self.path.parents), self.path]:
                if not parent.exists():
                    parent.mkdir(mode=PRIVATE)
                    parent.chmod(ENTER_ONLY if self.user else PRIVATE)  # the umask may have taken bits away
        except OSError as error:
            raise LauncherError(
                f"The data folder {self.path} cannot be created: {error.strerror}."
            ) from error
        if self.user is not None:
            self.path.chmod(stat.S_IMODE(self.path.stat().st_mode) | 0o011)

    def refuse_closed_folder(self, path: Path) -> None:
        """Refuse a place that PostgreSQL's user cannot get to; the folders above the data are not ours to open."""
        if self.user is None:
            return
        closed = first_closed_folder(path, self.user)
        if closed is not None:
            raise LauncherError(
                f"PostgreSQL does not run as root; it runs as {self.user.name}, who cannot enter {closed}. "
                f"Choose a DATA_DIR outside of it, or leave DATA_DIR unset."
            )

    @contextlib.contextmanager
    def lock(self, purpose: str, *, patience_seconds: float = 0) -> Iterator[None]:
        """Hold the folder for ``purpose``, the name of a command.

        A short command of somebody else is waited for, up to ``patience_seconds``; an ``up`` is not.

        Raises:
            FolderInUseError: somebody else holds it.
        """
        descriptor = os.open(self.lock_file, os.O_RDWR | os.O_CREAT, SECRET)
        try:
            give_up_at = time.monotonic() + patience_seconds
            while not try_lock(descriptor, fcntl.LOCK_EX):
                holder = read_holder(descriptor)
                if holder.purpose == "up" or time.monotonic() >= give_up_at:
                    raise FolderInUseError(self.path, holder)
                time.sleep(0.1)
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, json.dumps([os.getpid(), purpose]).encode(), 0)
            yield
        finally:
            os.close(descriptor)

    def holder(self) -> Holder | None:
        """Return who holds the folder, if anybody does."""
        try:
            descriptor = os.open(self.lock_file, os.O_RDWR)
        except FileNotFoundError:
            return None
        try:
            return None if try_lock(descriptor, fcntl.LOCK_SH) else read_holder(descriptor)
        finally:
            os.close(descriptor)

    def secret(self, name: str) -> str:
        """Return the secret kept under ``name``, generated at its first use."""
        file = self.path / name
        with contextlib.suppress(FileNotFoundError):
            return file.read_text().strip()
        value = secrets.token_urlsafe(32)
        self.write_privately(file, value)
        return value

    def write_privately(self, file: Path, content: str) -> None:
        """Write a file that only its owner can read, whole or not at all."""
        temporary = file.with_name(f".{file.name}.new")
        temporary.unlink(missing_ok=True)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, SECRET)
        with open(descriptor, "w", encoding="utf-8") as stream:  # noqa: PTH123 - a descriptor, made with its mode
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(file)


def try_lock(descriptor: int, kind: int) -> bool:
    """Take a lock if it is free."""
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def read_holder(descriptor: int) -> Holder:
    """Read who wrote themselves into the lock file."""
    try:
        pid, purpose = json.loads(os.pread(descriptor, 200, 0))
        return Holder(int(pid), str(purpose))
    except (ValueError, TypeError):  # taken an instant ago, not written yet
        return Holder(0, "another command")
