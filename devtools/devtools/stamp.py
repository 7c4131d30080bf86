"""Remembers what is installed in ``.venv``: a small file with the Python version and hashes. Standard library only."""

import dataclasses
import hashlib
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Self

FILE = "manage_all.json"
RUNTIME_FOLDERS = ("gateway_project", "launcher", "order_project", "user_project")


@dataclasses.dataclass(frozen=True)
class Stamp:
    """What an environment has, or is wanted to have. ``None`` stands for "not installed" or "not known"."""

    python: str | None = None
    runtime: str | None = None
    development: str | None = None
    interrupted: bool = False

    @classmethod
    def of_requirements(cls, root: Path, *, development: bool) -> Self:
        """Describe what the requirement files ask for, with this Python."""
        runtime = hash_files(requirement_files(root, development=False))
        everything = hash_files(requirement_files(root, development=True)) if development else None
        return cls(
            f"{sys.implementation.name} {sys.version_info.major}.{sys.version_info.minor}",
            runtime,
            everything,
        )

    def covers(self, wanted: "Stamp") -> bool:
        """Whether an environment with this stamp has all that is wanted."""
        return self.same_python(wanted) and self.covers_with_its_own_python(wanted)

    def covers_with_its_own_python(self, wanted: "Stamp") -> bool:
        """Whether it has the packages that are wanted, for whatever Python."""
        has_development = wanted.development in (None, self.development)
        return not self.interrupted and self.runtime == wanted.runtime and has_development

    def same_python(self, wanted: "Stamp") -> bool:
        """Whether the environment was made with the wanted Python; its bug-fix version does not matter."""
        return self.python == wanted.python

    def while_installing(self) -> Self:
        """Return the stamp of an environment whose installation has begun: where it stays so, nothing in it is sure."""
        return dataclasses.replace(self, interrupted=True)


def requirement_files(root: Path, *, development: bool) -> list[Path]:
    """Return the requirement files to install; the development file pins the packages of the others, too."""
    files = [root / folder / "requirements.txt" for folder in RUNTIME_FOLDERS]
    return [*files, root / "requirements-dev.txt"] if development else files


def hash_files(files: Iterable[Path]) -> str:
    """Return one digest of the content of all files."""
    digest = hashlib.sha256()
    for file in files:
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def read(environment: Path) -> Stamp:
    """Read the stamp of an environment; one made by hand is taken for what its ``pyvenv.cfg`` says."""
    try:
        return Stamp(**json.loads((environment / FILE).read_text()))
    except (OSError, ValueError, TypeError):
        return Stamp(python=read_python_version(environment))


def read_python_version(environment: Path) -> str | None:
    """Return the version in ``pyvenv.cfg``, as :class:`Stamp` writes it."""
    try:
        lines = (environment / "pyvenv.cfg").read_text().splitlines()
    except OSError:
        return None
    entries = dict(line.replace(" ", "").split("=", 1) for line in lines if "=" in line)
    version = entries.get("version", entries.get("version_info", "")).split(".")
    return f"cpython {version[0]}.{version[1]}" if len(version) > 1 else None


def write(environment: Path, stamp: Stamp) -> None:
    """Write the stamp of an environment, whole or not at all."""
    temporary = environment / f"{FILE}.new"
    temporary.write_text(json.dumps(dataclasses.asdict(stamp)))
    temporary.replace(environment / FILE)
