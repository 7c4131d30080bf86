"""Counts tests from the reports that pytest writes (JUnit XML), not from its words."""

from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET


@dataclass(frozen=True)
class Counts:
    """How many tests ended how; an error counts as a failure."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped)

    def __str__(self) -> str:
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"

    @property
    def ran(self) -> int:
        """How many tests came to a result."""
        return self.passed + self.failed


def read_report(file: Path) -> Counts:
    """Count the test cases of a report. Without a report pytest has failed as a whole, which counts as one failure."""
    try:
        cases = list(ET.parse(file).getroot().iter("testcase"))  # noqa: S314 - written by our pytest  # nosec B314
    except (OSError, ET.ParseError):
        return Counts(failed=1)
    failed = {
        key(case) for case in cases if case.find("failure") is not None or case.find("error") is not None
    }
    skipped = {key(case) for case in cases if case.find("skipped") is not None} - failed
    return Counts(len({key(case) for case in cases} - failed - skipped), len(failed), len(skipped))


def key(case: ET.Element) -> tuple[str | None, str | None]:
    """Tell test cases apart: one that fails in its body and in its teardown is reported twice, and is one."""
    return case.get("classname"), case.get("name")
