"""The machine's own Chromium or Chrome, driven by Playwright, which brings none of its own here."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")
ABSENT = "there is no Chromium or Chrome on this machine (on Debian: apt-get install chromium)"


def find_browser() -> Path | None:
    """The browser's program: the one that CHROME_PATH names, or the first that is installed."""
    named = os.environ.get("CHROME_PATH")
    if named:
        return Path(named)
    return next((Path(found) for name in NAMES if (found := shutil.which(name))), None)


@contextmanager
def launched() -> Iterator[Browser]:
    """A headless browser; raises FileNotFoundError where there is none."""
    program = find_browser()
    if program is None:
        raise FileNotFoundError(ABSENT)
    # A container's root has no sandbox to give; the pages are our own.
    arguments = ["--no-sandbox", "--disable-dev-shm-usage"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=arguments)
        try:
            yield browser
        finally:
            browser.close()
