"""Run Chromium against the gateway."""

import os
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, Response, expect, sync_playwright

# The headless shell, which has no window, takes less than half of the CPU time.
CHROMIUM_NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",  # needed by root; the pages are our own
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
TIMEOUT_MILLISECONDS = 10_000
ADMINISTRATOR, PASSWORD = "admin", "correct horse battery staple"  # of the fixture ``accounts``
REQUIRED = os.environ.get("REQUIRE_BROWSER") == "1"
SCREENSHOTS = os.environ.get("SCREENSHOTS")  # the folder for screenshots, if they are wanted


def find_chromium() -> str | None:
    """Return the path of Chromium, or None if it is not installed."""
    return next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)


@contextmanager
def running_chromium(executable: str) -> Iterator[Browser]:
    """Run a headless Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=CHROMIUM_ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def new_page(browser: Browser, url: str) -> Iterator[Page]:
    """Open a page in a new browser context without cookies; its paths are relative to ``url``."""
    context = browser.new_context(base_url=url, viewport={"width": 1280, "height": 900})
    context.set_default_timeout(TIMEOUT_MILLISECONDS)
    try:
        yield context.new_page()
    finally:
        context.close()


class Watch:
    """Records the URLs of a page's requests, and its errors."""

    def __init__(self, page: Page) -> None:
        self.urls: list[str] = []
        self.faults: list[str] = []
        page.on("response", self._note_response)
        page.on("requestfailed", lambda request: self.faults.append(f"{request.failure} {request.url}"))
        page.on("console", self._note_message)
        page.on("pageerror", lambda error: self.faults.append(str(error)))

    def _note_message(self, message: ConsoleMessage) -> None:
        # A violation of the content security policy is one, too.
        if message.type == "error" and not message.text.startswith("Failed to load resource"):  # noted as a response
            self.faults.append(message.text)

    def _note_response(self, response: Response) -> None:
        self.urls.append(response.url)
        if response.status >= 400:
            self.faults.append(f"{response.status} {response.url}")


def log_in(page: Page, service: str) -> None:
    """Log in to the admin of ``service``; needs the fixture ``accounts``."""
    page.goto(f"/admin/{service}/")
    page.locator("[name=username]").fill(ADMINISTRATOR)
    page.locator("[name=password]").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.locator("#user-tools")).to_contain_text("Log out")
    page.wait_for_load_state()  # navigating earlier would abort requests of the page


def serious_findings(
    page: Page, exceptions: Collection[str] = (), **context: list[list[str]]
) -> list[tuple[str, str, str]]:
    """Return the rules of axe-core that the page breaks seriously, each with an element, but for ``exceptions``.

    ``context`` has the selectors of what is examined or left out: ``include``, ``exclude``.
    """
    violations = Axe().run(page, context=context or None).response["violations"]
    return [
        (one["id"], page.url, one["nodes"][0]["html"])
        for one in violations
        if one["impact"] in ("serious", "critical") and one["id"] not in exceptions
    ]


def keep_screenshot(page: Page, name: str) -> None:
    """Save a screenshot of the whole page if SCREENSHOTS is set."""
    if SCREENSHOTS:
        page.screenshot(path=Path(SCREENSHOTS) / f"{name}.png", full_page=True)
