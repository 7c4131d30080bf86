"""Run Chromium against the gateway."""

import os
import shutil
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Response,
    ViewportSize,
    expect,
    sync_playwright,
)

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
SCREENS: list[tuple[int, Literal["light", "dark"]]] = [(1280, "light"), (360, "dark")]
# Returns the serious findings: rule, element, and whether the element is within one of the selector ``own``.
RUN_AXE = """async ([exclude, own]) => {
    const context = exclude.length ? {exclude} : document
    const {violations} = await axe.run(context, {resultTypes: ["violations"], elementRef: true})
    return violations.filter(({impact}) => ["serious", "critical"].includes(impact)).flatMap(
        ({id, nodes}) => nodes.map(({html, element}) => [id, html, Boolean(element.closest(own))]))
}"""
# Without transitions, the colors of the other scheme apply at once.
STOP_TRANSITIONS = """() => {
    const style = new CSSStyleSheet()
    style.replaceSync("*, *::before, *::after { transition: none !important }")
    document.adoptedStyleSheets.push(style)
}"""
SCREENSHOTS = os.environ.get("SCREENSHOTS")  # the folder for screenshots; without it, none are taken


def find_chromium() -> str | None:
    """Return the path of Chromium, or None if it is not installed."""
    return next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)


@contextmanager
def running_chromium(executable: str) -> Iterator[Browser]:
    """Run a headless Chromium."""
    expect.set_options(timeout=TIMEOUT_MILLISECONDS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=CHROMIUM_ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def new_context(browser: Browser, url: str, *, scripts: bool = True) -> Iterator[BrowserContext]:
    """Make a browser context without cookies; the paths of its pages are relative to ``url``."""
    viewport = ViewportSize(width=1280, height=900)
    context = browser.new_context(base_url=url, viewport=viewport, java_script_enabled=scripts)
    context.set_default_timeout(TIMEOUT_MILLISECONDS)
    try:
        yield context
    finally:
        context.close()


@contextmanager
def new_page(browser: Browser, url: str, *, scripts: bool = True) -> Iterator[Page]:
    """Open a page in a context of its own."""
    with new_context(browser, url, scripts=scripts) as context:
        yield context.new_page()


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
        # Violations of the content security policy are console errors, too.
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


def on_each_screen(page: Page) -> Iterator[tuple[int, str]]:
    """Show the page on each screen in turn; yield the screen's width and color scheme."""
    for width, scheme in SCREENS:
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme=scheme)
        yield width, scheme


def serious_findings(
    page: Page, exceptions: Collection[str] = (), own: str = "nothing", exclude: Sequence[str] = ()
) -> list[tuple[str, str, str]]:
    """Return the serious findings of axe-core on any screen: rule, URL of the page, and element.

    Rules in ``exceptions`` apply only to elements within the selector ``own``. Elements in ``exclude`` are skipped.
    """
    page.evaluate(AXE_SCRIPT)
    page.evaluate(STOP_TRANSITIONS)
    return [
        (rule, page.url, html)
        for _ in on_each_screen(page)
        for rule, html, is_own in page.evaluate(RUN_AXE, [[[one] for one in exclude], own])
        if is_own or rule not in exceptions
    ]


def keep_screenshot(page: Page, name: str) -> None:
    """Save a screenshot of the whole page if SCREENSHOTS is set."""
    if SCREENSHOTS:
        page.screenshot(path=Path(SCREENSHOTS) / f"{name}.png", full_page=True)
