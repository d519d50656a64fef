"""axe-core finds nothing in any state, light and dark, wide and narrow."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from benchmarks.widget.serving import RunningService
from benchmarks.widget.states import STATES, Widget

pytestmark = pytest.mark.browser

PATHS = [
    "/",
    "/?q=knee",
    "/ask",
    "/problems/not_ready",
    "/documents/cardiology/pacemaker-dual-chamber?start=900&end=950",
]


def findings(page: Page) -> list[str]:
    """What axe finds, wide and light, then narrow and dark."""
    found = []
    for width, height, scheme in ((1280, 800, "light"), (320, 640, "dark")):
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        for rule in Axe().run(page).response["violations"]:
            found += [f"{scheme} {rule['id']}: {node['html'][:200]} {node['failureSummary']}" for node in rule["nodes"]]
    return found


@pytest.mark.parametrize("state", STATES)
def test_axe_finds_nothing_in_any_state_of_the_widget(visit: Callable[..., Widget], state: str) -> None:
    widget = visit()
    STATES[state](widget)
    assert findings(widget.page) == []


@pytest.mark.parametrize("path", PATHS)
def test_axe_finds_nothing_on_the_services_own_pages(
    new_page: Callable[..., Page], running: RunningService, path: str
) -> None:
    page = new_page()
    page.goto(running.url + path)
    if page.locator("procqa-widget").count():
        page.locator("procqa-widget .starters .chip").first.wait_for()
    assert findings(page) == []


def test_axe_would_find_something(new_page: Callable[..., Page], running: RunningService) -> None:
    page = new_page()
    page.goto(running.url)
    page.locator("procqa-widget .input").evaluate("input => input.removeAttribute('aria-label')")
    page.locator("procqa-widget .input").evaluate("input => input.removeAttribute('placeholder')")
    assert any("label" in finding for finding in findings(page))
