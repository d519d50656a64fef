"""The demo page and the reading page, with and without scripts."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from benchmarks.widget.serving import RunningService

pytestmark = pytest.mark.browser

NewPage = Callable[..., Page]
PACEMAKER = "/documents/cardiology/pacemaker-dual-chamber"


def test_a_name_is_found_while_it_is_typed(new_page: NewPage, running: RunningService) -> None:
    page = new_page()
    page.goto(running.url)
    field = page.get_by_role("combobox", name="Name of a procedure")
    field.press_sequentially("keyhole gall")  # an alias
    options = page.get_by_role("option")
    expect(options.first).to_contain_text("Cholecystectomy")
    expect(field).to_have_attribute("aria-expanded", "true")
    field.press("ArrowDown")
    expect(options.first).to_have_attribute("aria-selected", "true")
    field.press("Escape")
    expect(options.first).to_be_hidden()
    field.fill("pacmaker")  # misspelt
    expect(options.first).to_contain_text("acemaker")
    field.press("ArrowDown")
    field.press("Enter")
    page.wait_for_url("**/documents/cardiology/pacemaker-*")


def test_pages_are_browsed_by_specialty(new_page: NewPage, running: RunningService) -> None:
    page = new_page()
    page.goto(running.url)
    page.locator("summary", has_text="Cardiology").click()
    link = page.get_by_role("link", name="Implanting a leadless pacemaker")
    link.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Implanting a leadless pacemaker")


def test_the_demo_page_asks(new_page: NewPage, running: RunningService) -> None:
    page = new_page()
    page.goto(running.url)
    page.locator("procqa-widget .starters .chip").first.click()
    expect(page.locator("procqa-widget .slip").first).to_be_visible()


def test_without_scripts_pages_are_found_and_read(new_page: NewPage, running: RunningService) -> None:
    page = new_page(java_script_enabled=False)
    page.goto(running.url)
    expect(page.locator("noscript p")).to_be_visible()
    page.get_by_label("Name of a procedure").fill("dual chamber")
    page.get_by_role("button", name="Find").click()
    page.get_by_role("link", name="Implantation of a Dual-Chamber Pacemaker").first.click()
    contents = page.get_by_role("navigation", name="On this page")
    assert contents.get_by_role("link").count() == 13
    contents.get_by_role("link", name="Recovery").click()
    expect(page.get_by_role("heading", name="Recovery")).to_be_in_viewport()


def test_without_scripts_a_citation_is_highlighted_and_scrolled_to(new_page: NewPage, running: RunningService) -> None:
    asked = {"question": "When can I drive after keyhole gallbladder removal?"}
    page = new_page(java_script_enabled=False)
    citation = page.request.post(f"{running.url}/v1/ask", data=asked).json()["citations"][0]
    page.goto(running.url + citation["url"])
    expect(page.locator("mark")).to_have_text(citation["quote"]["exact"])
    expect(page.locator("mark")).to_be_in_viewport()


def test_near_twins_are_listed_with_the_words_that_differ(new_page: NewPage, running: RunningService) -> None:
    page = new_page(java_script_enabled=False)
    page.goto(running.url + PACEMAKER)
    twins = page.get_by_role("complementary", name="Is this the right page?")
    first = twins.get_by_role("listitem").first
    expect(first.get_by_role("link")).to_have_text(
        "Implantation of a Single-Chamber Pacemaker with One Transvenous Lead"
    )
    assert first.locator("strong").all_inner_texts() == ["Single", "Transvenous"]
    expect(first.locator(".differs")).to_contain_text("There: Single, Transvenous. Here: Dual, Atrial, Ventricular.")
    first.get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Single-Chamber")


def test_on_paper_the_page_stands_alone(new_page: NewPage, running: RunningService) -> None:
    page = new_page()
    page.goto(running.url + PACEMAKER)
    page.emulate_media(media="print")
    for hidden in (".contents", ".twins"):
        expect(page.locator(hidden)).to_be_hidden()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.locator(".version")).to_be_visible()
    assert page.locator("body").evaluate("body => getComputedStyle(body).backgroundColor") == "rgb(255, 255, 255)"


def test_pages_fit_a_narrow_window(new_page: NewPage, running: RunningService) -> None:
    page = new_page(viewport={"width": 320, "height": 640})
    for path in ("/", PACEMAKER, "/ask", "/problems/not_ready"):
        page.goto(running.url + path)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
