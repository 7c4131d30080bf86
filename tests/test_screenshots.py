"""The README's screenshots are up to date with the pages."""

from devtools.projects import ROOT
from tests.screenshots import FOLDER, STAMP, digest_of_pages


def test_screenshots_are_not_older_than_the_pages():
    assert STAMP.read_text().strip() == digest_of_pages(), "run .venv/bin/python -m tests.screenshots"


def test_readme_shows_the_screenshots():
    readme = (ROOT / "README.md").read_text()

    for name in ("portal", "docs"):
        assert (FOLDER / f"{name}.png").read_bytes().startswith(b"\x89PNG")
        assert f"(docs/images/{name}.png)" in readme
