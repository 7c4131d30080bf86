"""Data folders of the private PostgreSQL, temporary directories, and modification times of source files."""

import contextlib
import fcntl
import os
import pwd
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT_USERS_FOLDER = Path("/var/lib/django-microservices")  # PostgreSQL's user cannot enter root's home
MEMORY = Path("/dev/shm")  # tmpfs on Linux  # noqa: S108  # nosec B108
LEAST_MEMORY = 4 * 1024**3  # minimum free bytes
SOURCES = ("*.py", "*.html", "*.toml")
ENTER_ONLY, PRIVATE = 0o711, 0o700
IN_USE = ".in-use"  # lock file in a temporary directory, locked by its creator


def server_account() -> pwd.struct_passwd | None:
    """Return the account that PostgreSQL runs as; None if this process is not root, because it uses its own account.

    Raises:
        KeyError: this process is root, and neither `postgres` nor `nobody` exists.
    """
    if os.geteuid() != 0:
        return None
    with contextlib.suppress(KeyError):
        return pwd.getpwnam("postgres")
    return pwd.getpwnam("nobody")


def make_folder(path: Path) -> None:
    """Create a folder and its missing parents.

    Other users cannot list them. If this process is root, PostgreSQL's user can pass through them to its own folder.

    Raises:
        OSError: the folder cannot be created, or the path is a file.
    """
    is_root = os.geteuid() == 0
    for folder in [each for each in [*reversed(path.parents), path] if not each.exists()]:
        folder.mkdir(mode=PRIVATE)
        folder.chmod(ENTER_ONLY if is_root else PRIVATE)  # independent of the umask
    if not path.is_dir():
        raise NotADirectoryError(None, "it is not a folder")
    if is_root:
        path.chmod(path.stat().st_mode & 0o7777 | 0o011)


@contextlib.contextmanager
def temporary_directory(prefix: str = "test-", *, in_memory: bool = False) -> Iterator[Path]:
    """Create a temporary directory that PostgreSQL's user can reach, and remove it at the end.

    With ``in_memory`` it is on tmpfs if that has enough free space. Creating and dropping databases then takes a third
    of the CPU time. Also removes temporary directories of processes that were killed.
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
            Path(mark.name).rename(folder / IN_USE)  # the file is locked before it is visible
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _remove_abandoned(parent: Path, prefix: str) -> None:
    for mark in parent.glob(f"{prefix}*/{IN_USE}"):
        with contextlib.suppress(OSError):
            if mark.lstat().st_uid == os.geteuid():  # other users may write to the parent
                with mark.open() as file:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    shutil.rmtree(mark.parent, ignore_errors=True)


def _memory_can_be_used() -> bool:
    try:
        found = os.statvfs(MEMORY)
    except OSError:
        return False
    # The server's programs are copied to the directory, so it must allow execution.
    is_usable = os.access(MEMORY, os.W_OK | os.X_OK) and not found.f_flag & os.ST_NOEXEC
    return is_usable and found.f_bavail * found.f_frsize >= LEAST_MEMORY


def write_privately(file: Path, content: str) -> None:
    """Write a file atomically, readable only by its owner."""
    with tempfile.NamedTemporaryFile("w", dir=file.parent, encoding="utf-8", delete=False) as draft:  # mode 600
        draft.write(content)
        draft.flush()
        os.fsync(draft.fileno())
    Path(draft.name).replace(file)


def read_secret(file: Path) -> str:
    """Return the secret in a file; generate it at the first use."""
    if not file.exists():
        write_privately(file, secrets.token_urlsafe(32))
    return file.read_text().strip()


def modification_times(*folders: Path) -> dict[str, float]:
    """Return the modification time of each source file below the folders, except tests."""
    times = {}
    for file in (file for folder in folders for pattern in SOURCES for file in folder.rglob(pattern)):
        if "tests" not in file.parts:
            with contextlib.suppress(FileNotFoundError):
                times[os.fspath(file)] = file.stat().st_mtime
    return times
