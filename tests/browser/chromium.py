"""The Chromium of this machine, driven by Playwright; where it is missing tests are skipped, in CI they fail."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

_NAMES: Final = ("chromium", "chromium-browser", "google-chrome")
_AXE: Final = (Path(__file__).parent / "vendor" / "axe.min.js").read_text("utf-8")
_SHIFTS: Final = """
window.shifted = 0;
new PerformanceObserver((list) => {
  for (const each of list.getEntries()) if (!each.hadRecentInput) window.shifted += each.value;
}).observe({ type: "layout-shift", buffered: true });
"""


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser without a window."""
    program = next(filter(None, map(shutil.which, _NAMES)), None)
    if program is None:
        message = "Chromium is not installed: apt-get install chromium"
        if os.environ.get("CI"):
            pytest.fail(message, pytrace=False)
        pytest.skip(message)
    with sync_playwright() as playwright:
        # As root, and in containers, Chromium's own sandbox is not to be had.
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        try:
            yield browser
        finally:
            browser.close()


class Visit:
    """A page that is open, and what went wrong or astray in it.

    Args:
        context: of the browser.
        page: the page.
    """

    def __init__(self, context: BrowserContext, page: Page) -> None:
        self.context = context
        self.page = page
        self.complaints: list[str] = []
        self.hosts: set[str] = set()
        page.on("console", lambda told: self._console(told.type, told.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("dialog", lambda dialog: self._dialog(dialog))
        page.on("request", lambda request: self.hosts.add(urlsplit(request.url).netloc))

    def _console(self, kind: str, text: str) -> None:
        if kind in {"error", "warning"}:
            self.complaints.append(text)

    def _dialog(self, dialog: Any) -> None:
        self.complaints.append(f"a dialog: {dialog.message}")
        dialog.dismiss()

    def texts(self) -> dict[str, str]:
        """The big numbers as they are shown."""
        found: dict[str, str] = self.page.evaluate(
            "Object.fromEntries([...document.querySelectorAll('[data-number]')]"
            ".map((each) => [each.dataset.number, each.textContent]))"
        )
        return found

    def rows(self) -> list[list[str]]:
        """The leaderboard as it is shown: place, creator, value."""
        found: list[list[str]] = self.page.evaluate(
            "[...document.querySelectorAll('#board tr')].map((row) =>"
            " ['.place', 'bdi', '.value'].map((part) => row.querySelector(part).textContent))"
        )
        return found

    def axe(self) -> list[str]:
        """What axe-core finds, each in a line."""
        self.page.evaluate(_AXE)
        found: list[str] = self.page.evaluate(
            "axe.run().then(({ violations }) => violations.flatMap((each) =>"
            " each.nodes.map((node) => `${each.id}: ${node.html} ${node.failureSummary}`)))"
        )
        return found

    def shifted(self) -> float:
        """How much the layout has shifted since the page was opened."""
        return float(self.page.evaluate("window.shifted"))

    def is_wider_than_the_window(self) -> bool:
        """Whether the page scrolls sideways."""
        return bool(self.page.evaluate("document.documentElement.scrollWidth > innerWidth"))


@contextmanager
def visit(
    browser: Browser, address: str, *, width: int = 1280, height: int = 900, scheme: str = "light", **options: Any
) -> Iterator[Visit]:
    """Open a page."""
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme=scheme,  # type: ignore[arg-type]  # a word for Playwright's Literal
        locale=options.pop("locale", "en-GB"),
        timezone_id="Europe/Vienna",
        **options,
    )
    try:
        context.add_init_script(_SHIFTS)
        page = context.new_page()
        shown = Visit(context, page)
        page.goto(address)
        yield shown
    finally:
        context.close()
