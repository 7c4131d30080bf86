"""Make the README's screenshots: ``.venv/bin/python -m tests.screenshots [URL]``, while `up` runs with demo data."""

import hashlib
import sys
import time
from pathlib import Path

from playwright.sync_api import Page

from devtools.projects import ROOT
from tests.api import Client
from tests.browser import find_chromium, new_page, running_chromium

FOLDER = ROOT / "docs" / "images"
STAMP = FOLDER / "pages.sha256"  # digest of the sources of the pages
_SECONDS = 30  # of traffic, so that the portal shows data


def digest_of_pages() -> str:
    """Return a digest of the templates and static files of the pages."""
    portal = ROOT / "gateway_project" / "portal"
    files = sorted(file for name in ("templates", "static") for file in (portal / name).rglob("*") if file.is_file())
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def main(url: str = "http://localhost:8081") -> None:
    """Take the screenshots and save the digest of the pages."""
    FOLDER.mkdir(exist_ok=True)
    with running_chromium(find_chromium() or sys.exit("Chromium is not installed.")) as browser, Client(url) as api:
        for _ in range(10 * _SECONDS):
            api.get("/users")
            api.get("/orders?status=placed")
            time.sleep(0.1)
        with new_page(browser, url) as page:
            page.goto("/")
            page.locator("article.up").first.wait_for()
            _shoot(page, FOLDER / "portal.png")
            page.goto("/-/docs", wait_until="networkidle")
            page.locator("details.operation", has_text="Create order").locator("summary").click()
            _shoot(page, FOLDER / "docs.png")
    STAMP.write_text(digest_of_pages() + "\n")


def _shoot(page: Page, file: Path) -> None:
    page.emulate_media(color_scheme="light")
    page.screenshot(path=file)


if __name__ == "__main__":
    main(*sys.argv[1:])
