"""Size limits of the code that teams copy or read first. Tests and migrations are not counted."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MOST_LINES = {
    "libs/chassis": 1500,
    "libs/speedups": 900,
    "user_project": 400,
    "order_project": 1100,
}
MOST_LINES_OF_A_MODULE = 200
LIBRARIES = ["calls", "idempotency", "identity", "lists", "migrating", "observability", "openapi", "problems"]
FOLDERS = [*MOST_LINES, *(f"libs/{name}" for name in LIBRARIES)]


def lines(folder):
    """Return the number of lines of each module in ``folder``."""
    files = [file.relative_to(ROOT) for file in (ROOT / folder).rglob("*.py")]
    code = [file for file in files if not {"tests", "migrations"} & {*file.parts}]
    return {file.as_posix(): len((ROOT / file).read_text().splitlines()) for file in code}


@pytest.mark.parametrize("folder", MOST_LINES)
def test_folder_is_small(folder):
    assert 0 < sum(lines(folder).values()) <= MOST_LINES[folder]


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_module_is_long(folder):
    assert {name: count for name, count in lines(folder).items() if count > MOST_LINES_OF_A_MODULE} == {}
