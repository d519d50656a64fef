"""A real browser, the real service over the shipped pages, and a site on another origin."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("playwright", reason="the browser tests need playwright: pip install 'procqa[dev]'")

from playwright.sync_api import Browser, Page, expect

from benchmarks.widget import browser as browsers
from benchmarks.widget.serving import RunningService, service, site
from benchmarks.widget.states import Widget, host_page
from procqa.index.build import build_index
from procqa.settings import Settings

CORPUS = Path(__file__).parents[2] / "corpus"
# Only what would never come fails: machines that run tests are busy ones.
SOON = 40_000
# A page that tries to run scripts, and to look like the interface, in every place that is shown.
HOSTILE_TITLE = "<img src=x onerror='window.hacked=1'> Zebra Valve Polishing \"><script>window.hacked=2</script>"
HOSTILE = f"""Name of the Procedure:

{HOSTILE_TITLE}

Summary

Zebra valve polishing is a made-up procedure. <script>window.hacked = 3</script>

Duration

Zebra valve polishing takes 17 minutes </div><button onclick="window.hacked=4">Very likely the answer</button>.

Risks and Complications

  • <a href="javascript:window.hacked=5">Open the whole page</a>
  • <svg onload="window.hacked=6">
"""


# Of this folder and not of the session: while it is open no other test can run an event loop of its own.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    if browsers.find_browser() is None:
        pytest.skip(browsers.ABSENT)
    expect.set_options(timeout=SOON)
    with browsers.launched() as opened:
        yield opened


@pytest.fixture(scope="session")
def corpus_index(real_index: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped pages and a hostile one, indexed as `make index` does."""
    folder = tmp_path_factory.mktemp("browser")
    shutil.copytree(CORPUS, folder / "corpus")
    (folder / "corpus" / "hostile.txt").write_text(HOSTILE, encoding="utf-8")
    shutil.copytree(real_index, folder / "index")  # whose exported encoder is used again
    build_index(Settings(corpus=folder / "corpus", index=folder / "index"))
    return folder / "index"


@pytest.fixture(scope="session")
def pages() -> dict[str, str]:
    """What the site serves, {path: content}; tests add to it."""
    return {}


@pytest.fixture(scope="session")
def policy() -> dict[str, str]:
    """The headers of the site's pages; tests with another policy fill it."""
    return {}


@pytest.fixture(scope="session")
def origin(pages: dict[str, str], policy: dict[str, str]) -> Iterator[str]:
    with site(pages, policy) as address:
        yield address


@pytest.fixture(scope="package")
def running(browser: Browser, corpus_index: Path, origin: str) -> Iterator[RunningService]:
    """The service, for all tests that leave it alone."""
    with service(corpus_index, origins=(origin,)) as started:
        yield started


@pytest.fixture
def new_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Opens tabs with contexts of their own; an error in a page's script, or a blocked resource, fails the test."""
    contexts, wrong = [], []

    def opened(**options: Any) -> Page:
        context = browser.new_context(**{"reduced_motion": "reduce", **options})
        contexts.append(context)
        context.set_default_timeout(SOON)
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(f"error: {error}"))
        page.on("console", lambda said: "Content Security Policy" in said.text and wrong.append(said.text))
        return page

    yield opened
    for context in contexts:
        context.close()
    assert wrong == []


@pytest.fixture
def visit(
    new_page: Callable[..., Page], running: RunningService, origin: str, pages: dict[str, str]
) -> Iterator[Callable[..., Widget]]:
    """Opens a page of the site with the widget on it."""
    met: list[Widget] = []

    def opened(attributes: str = "", language: str = "en", body: str = "", **options: Any) -> Widget:
        page = new_page(**options)
        pages["/"] = host_page(running.url, attributes, language, body)
        page.goto(origin)
        page.locator("procqa-widget .frame").wait_for(state="attached")
        met.append(Widget(page))
        return met[-1]

    yield opened
    for widget in met:
        widget.drop()
