"""A copy of the repository, which tests may change."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
NOWHERE = "http://127.0.0.1:9"  # nothing listens there
NO_NETWORK = {f"{scheme}_PROXY": NOWHERE for scheme in ("HTTP", "HTTPS", "ALL")} | {"NO_PROXY": "127.0.0.1,localhost"}
LEFT_OUT = shutil.ignore_patterns(".venv", ".git", ".data", "__pycache__", ".*_cache", ".coverage", ".hypothesis")
# Variables that the surrounding `test` command sets.
UNWANTED = ("VIRTUAL_ENV", "PYTHONPATH", "TEST_COVERAGE", "DATA_DIR")
SECONDS = 120


class Repository:
    """A committed copy without an environment."""

    def __init__(self, root: Path) -> None:
        self.root = root
        shutil.copytree(ROOT, root, ignore=LEFT_OUT, symlinks=True)
        self.git("init", "--quiet")
        self.git("add", "--all")
        self.git("-c", "user.name=Test", "-c", "user.email=test@example.com", "commit", "--quiet", "--message=All")

    def git(self, *arguments: str) -> str:
        command = ["git", *arguments]
        return subprocess.run(command, cwd=self.root, check=True, capture_output=True, text=True).stdout

    def restore(self) -> None:
        """Undo all changes since the commit, and delete new files."""
        self.git("reset", "--quiet", "--hard")
        self.git("clean", "--quiet", "-ffdx")

    def environment(self, **variables: str) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if name not in UNWANTED}
        return kept | NO_NETWORK | {"DATA_DIR": f"{self.root}.data"} | variables

    def manage(self, *arguments: str, seconds: float = SECONDS, **variables: str) -> tuple[int, str]:
        """Run a command of ``manage_all.py`` without a network; return its exit status and output."""
        command = [os.path.realpath(sys.executable), "manage_all.py", *arguments]
        return self.run(*command, seconds=seconds, **variables)

    def run(self, *command: str, folder: str = ".", seconds: float = SECONDS, **variables: str) -> tuple[int, str]:
        done = subprocess.run(
            command,
            cwd=self.root / folder,
            env=self.environment(**variables),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=seconds,
            check=False,
        )
        return done.returncode, done.stdout

    def changed(self) -> set[str]:
        """Return the paths that `git status` shows: changed files, and new files or folders."""
        return {line[3:] for line in self.git("status", "--porcelain").splitlines()}
