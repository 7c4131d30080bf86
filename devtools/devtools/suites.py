"""The test suites: one for each project, one for the launcher, one for what crosses services."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from devtools.projects import PROJECTS, ROOT

FLOOR = 95  # per cent of lines and branches
WITH_FLOOR = ("--cov", "--cov-branch", f"--cov-fail-under={FLOOR}")

# The suite runs the launcher's commands as processes of their own, many of which end by SIGKILL, and a killed process
# writes no coverage. What is left would be a number without meaning, so there is neither measurement nor floor.
WITHOUT_COVERAGE = ()


@dataclass(frozen=True)
class Suite:
    """Tests that run in one pytest process."""

    name: str
    folder: Path  # the working directory
    paths: tuple[str, ...]  # where the tests are, from there
    databases: tuple[str, ...] = ()  # the projects whose databases it gets, by name
    options: tuple[str, ...] = ()
    coverage: tuple[str, ...] = WITHOUT_COVERAGE

    def paths_text(self) -> str:
        """Say where the tests are, seen from the repository's root."""
        return " ".join(str((self.folder / path).relative_to(ROOT)) for path in self.paths)

    def selected(self, arguments: Sequence[str]) -> list[str]:
        """Return pytest's arguments: paths that the person gave replace the whole suite."""
        rewritten = [self.from_root(argument) or argument for argument in arguments]
        gives_path = any((self.folder / argument.partition("::")[0]).exists() for argument in rewritten)
        return [*rewritten, *(() if gives_path else self.paths)]

    def from_root(self, argument: str) -> str | None:
        """Turn a path that was written from the root, if it lies in this suite, into one from the suite's folder."""
        path, colons, rest = argument.partition("::")
        target = ROOT / path
        if argument.startswith("-") or not path or not target.exists():
            return None
        for own in self.paths:
            if target.is_relative_to(self.folder / own):
                return f"{target.relative_to(self.folder)}{colons}{rest}"
        return None


def _of_project(name: str) -> Suite:
    project = PROJECTS[name]
    databases = (project.name,) if project.database else ()
    return Suite(project.name, project.folder, ("tests",), databases=databases, coverage=WITH_FLOOR)


# The longest first, as several run at once.
SUITES = {
    suite.name: suite
    for suite in (
        Suite("system", ROOT, ("tests",), databases=("user", "order"), options=("-p", "no:django")),
        _of_project("gateway"),
        Suite("devtools", ROOT / "devtools", ("tests",), options=("-p", "no:django")),
        Suite("chassis", ROOT / "libs" / "chassis", ("tests",), databases=("user",), coverage=WITH_FLOOR),
        Suite("http1", ROOT / "libs" / "http1", ("tests",), options=("-p", "no:django"), coverage=WITH_FLOOR),
        Suite("speedups", ROOT / "libs" / "speedups", ("tests",), options=("-p", "no:django"), coverage=WITH_FLOOR),
        _of_project("order"),
        _of_project("user"),
    )
}


def select_suites(arguments: Sequence[str]) -> tuple[list[Suite], list[str]]:
    """Take the names of suites from the front of the arguments; the rest is pytest's.

    Without a name, a path written from the root selects the suite that it lies in, and without that all are meant.
    """
    rest, selected = list(arguments), []
    while rest and rest[0].rstrip("/").removesuffix("_project") in SUITES:
        selected.append(SUITES[rest.pop(0).rstrip("/").removesuffix("_project")])
    if not selected:
        selected = [suite for suite in SUITES.values() if any(suite.from_root(argument) for argument in rest)]
    return selected or list(SUITES.values()), rest
