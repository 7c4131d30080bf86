"""Folders and files of the private PostgreSQL, whose server never runs as root, and changes of files."""

import contextlib
import fcntl
import os
import pwd
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT_USERS_FOLDER = Path("/var/lib/django-microservices")  # the server's user cannot enter root's home
MEMORY = Path("/dev/shm")  # the file system in memory of Linux  # noqa: S108  # nosec B108
LEAST_MEMORY = 4 * 1024**3  # free bytes
SOURCES = ("*.py", "*.html", "*.toml")
ENTER_ONLY, PRIVATE = 0o711, 0o700
IN_USE = ".in-use"  # in a throw-away folder: its maker holds a lock on it


def server_account() -> pwd.struct_passwd | None:
    """Return the account that PostgreSQL runs as; None where this process is not root and runs it as itself.

    Raises:
        KeyError: this process is root, and there is neither `postgres` nor `nobody`.
    """
    if os.geteuid() != 0:
        return None
    with contextlib.suppress(KeyError):
        return pwd.getpwnam("postgres")
    return pwd.getpwnam("nobody")


def make_folder(path: Path) -> None:
    """Make a folder: the server's user passes through it to a folder of its own, and nobody sees what it holds.

    Raises:
        OSError: it cannot be made, or it is a file.
    """
    is_root = os.geteuid() == 0
    for folder in [each for each in [*reversed(path.parents), path] if not each.exists()]:
        folder.mkdir(mode=PRIVATE)
        folder.chmod(ENTER_ONLY if is_root else PRIVATE)  # whatever the umask is
    if not path.is_dir():
        raise NotADirectoryError(None, "it is not a folder")
    if is_root:
        path.chmod(path.stat().st_mode & 0o7777 | 0o011)


@contextlib.contextmanager
def temporary_directory(prefix: str = "test-", *, in_memory: bool = False) -> Iterator[Path]:
    """Make a folder that the server's user can reach, and remove it at the end.

    With ``in_memory`` it is in memory where that has room: making and dropping databases takes a third of the CPU time.
    Folders whose makers were killed are removed, too.
    """
    parent = ROOT_USERS_FOLDER if os.geteuid() == 0 else None
    if in_memory and _memory_can_be_used():
        parent = MEMORY
    elif parent:
        make_folder(parent)
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
    try:
        _remove_abandoned(folder.parent, prefix)
        make_folder(folder)
        with (folder / "new").open("w") as mark:
            fcntl.flock(mark, fcntl.LOCK_EX)
            Path(mark.name).rename(folder / IN_USE)  # nobody sees it without the lock
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _remove_abandoned(parent: Path, prefix: str) -> None:
    for mark in parent.glob(f"{prefix}*/{IN_USE}"):
        with contextlib.suppress(OSError):
            if mark.lstat().st_uid == os.geteuid():  # others may write into the parent, too
                with mark.open() as file:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    shutil.rmtree(mark.parent, ignore_errors=True)


def _memory_can_be_used() -> bool:
    try:
        found = os.statvfs(MEMORY)
    except OSError:
        return False
    is_open = os.access(MEMORY, os.W_OK | os.X_OK) and not found.f_flag & os.ST_NOEXEC  # it gets the server's programs
    return is_open and found.f_bavail * found.f_frsize >= LEAST_MEMORY


def write_privately(file: Path, content: str) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    with tempfile.NamedTemporaryFile("w", dir=file.parent, encoding="utf-8", delete=False) as draft:  # mode 600
        draft.write(content)
        draft.flush()
        os.fsync(draft.fileno())
    Path(draft.name).replace(file)


def read_secret(file: Path) -> str:
    """Return the secret in a file, which is generated at its first use."""
    if not file.exists():
        write_privately(file, secrets.token_urlsafe(32))
    return file.read_text().strip()


def times_of_change(*folders: Path) -> dict[str, float]:
    """Return the time of the last change of each file below the folders that makes a service: no test."""
    times = {}
    for file in (file for folder in folders for pattern in SOURCES for file in folder.rglob(pattern)):
        if "tests" not in file.parts:
            with contextlib.suppress(FileNotFoundError):
                times[os.fspath(file)] = file.stat().st_mtime
    return times
