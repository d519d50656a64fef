"""Without a mouse: opening, asking, reading, leaving; where the focus goes; what is said aloud."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from benchmarks.widget.states import LINE_QUESTION, STATES, Widget

pytestmark = pytest.mark.browser

Visit = Callable[..., Widget]
PHONE = {"viewport": {"width": 390, "height": 780}}
BODY = '<main><h1>Your visit</h1><p><a id="before" href="#x">Parking</a></p><input id="field"></main>'


FOCUSED = """() => {
  let at = document.activeElement;
  while (at.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
  return at.id || at.className || at.localName;
}"""


def focused(page: Page) -> str:
    """What has the focus, looking into the widget: its id or its class."""
    return str(page.evaluate(FOCUSED))


def expect_focus(page: Page, name: str) -> None:
    """A dialog tells that it was closed a moment later, and only then the focus moves."""
    page.wait_for_function(f"name => ({FOCUSED})() === name", arg=name)


def test_everything_can_be_done_with_the_keyboard_alone(visit: Visit) -> None:
    widget = visit(body=BODY)
    keyboard = widget.page.keyboard
    for _ in range(3):
        keyboard.press("Tab")
    expect_focus(widget.page, "launcher")
    keyboard.press("Enter")
    expect_focus(widget.page, "input")
    keyboard.type(LINE_QUESTION)
    keyboard.press("Enter")
    widget.last.locator(".next .chip").first.wait_for()
    expect_focus(widget.page, "input")
    met = []
    for _ in range(12):
        keyboard.press("Shift+Tab")
        met.append(
            widget.page.evaluate("document.querySelector('procqa-widget').shadowRoot.activeElement?.innerText ?? ''")
        )
        if met[-1] == "Show in the page":
            break
    assert {"Ask next", "Yes", "No", "Copy with source"} - set(met) == {"Ask next"}
    keyboard.press("Enter")
    expect(widget.last.locator(".excerpt mark").first).to_be_in_viewport()
    assert (
        widget.page.evaluate("document.querySelector('procqa-widget').shadowRoot.activeElement.innerText")
        == "Hide the page"
    )
    keyboard.press("Escape")
    expect_focus(widget.page, "launcher")
    expect(widget.element.locator("dialog")).to_be_hidden()


def test_the_shortcut_opens_and_closes_and_gives_the_focus_back(visit: Visit) -> None:
    widget = visit(body=BODY)
    widget.page.focus("#before")
    widget.page.keyboard.press("Alt+q")
    expect_focus(widget.page, "input")
    widget.page.keyboard.type("half a question")
    widget.page.keyboard.press("Alt+q")
    expect_focus(widget.page, "before")
    widget.page.keyboard.press("Alt+q")
    expect(widget.input).to_have_value("half a question")


@pytest.mark.parametrize(
    ("attributes", "opens"), [('data-shortcut="Control+Shift+K"', True), ('data-shortcut="none"', False)]
)
def test_a_site_chooses_the_shortcut(visit: Visit, attributes: str, opens: bool) -> None:
    widget = visit(attributes)
    widget.page.keyboard.press("Alt+q")
    expect(widget.element.locator("dialog")).to_be_hidden()
    widget.page.keyboard.press("Control+Shift+K")
    expect(widget.element.locator("dialog")).to_be_visible(visible=opens)


def test_what_is_typed_does_not_reach_the_shortcuts_of_the_site(visit: Visit) -> None:
    widget = visit()
    widget.page.evaluate("window.heard = []; document.addEventListener('keydown', (event) => heard.push(event.key))")
    widget.open()
    widget.page.keyboard.type("s/?")
    assert widget.page.evaluate("heard") == []
    expect(widget.input).to_have_value("s/?")


def test_enter_sends_and_shift_enter_does_not(visit: Visit) -> None:
    widget = visit()
    widget.open()
    widget.page.keyboard.type("one")
    widget.page.keyboard.press("Shift+Enter")
    widget.page.keyboard.type("two")
    expect(widget.input).to_have_value("one\ntwo")
    assert widget.element.locator(".turn").count() == 0


def test_on_a_phone_the_focus_stays_in_the_panel(visit: Visit) -> None:
    widget = visit(body=BODY, **PHONE)
    widget.open()
    widget.element.locator(".starters .chip").first.wait_for()
    for _ in range(12):
        widget.page.keyboard.press("Tab")
        assert focused(widget.page) not in {"before", "field", "launcher"}
    box = widget.element.locator("dialog").bounding_box()
    assert box == {"x": 0, "y": 0, "width": 390, "height": 780}
    widget.page.keyboard.press("Escape")
    expect_focus(widget.page, "launcher")


def test_turning_the_phone_keeps_the_panel_and_the_focus(visit: Visit) -> None:
    widget = visit(body=BODY, **PHONE)
    widget.open()
    widget.page.set_viewport_size({"width": 1280, "height": 800})
    expect(widget.element.locator("dialog")).to_be_visible()
    expect_focus(widget.page, "input")
    assert widget.page.evaluate("document.querySelector('procqa-widget').shadowRoot.querySelector(':modal') === null")
    widget.page.set_viewport_size({"width": 390, "height": 780})
    expect(widget.element.locator("dialog")).to_be_visible()
    widget.page.wait_for_function("document.querySelector('procqa-widget').shadowRoot.querySelector(':modal') !== null")
    widget.page.keyboard.press("Escape")
    expect(widget.element.locator("dialog")).to_be_hidden()


def test_an_answer_is_said_aloud_once(visit: Visit) -> None:
    widget = visit()
    widget.open()
    widget.status.evaluate(
        """status => { window.said = [];
        new MutationObserver(() => status.textContent && said.push(status.textContent))
          .observe(status, { childList: true, characterData: true, subtree: true }); }"""
    )
    words = widget.ask(LINE_QUESTION).locator(".said").first.inner_text()
    said = widget.page.evaluate("said")
    assert said[0] == "Reading the pages…"
    assert [text for text in said if words in text] == [said[-1]]
    assert "Recovery" in said[-1]
    live = widget.element.evaluate(
        "host => host.shadowRoot.querySelectorAll('[aria-live], [role=log], [role=alert], [role=status]').length"
    )
    assert live == 1  # nothing else says it again


def test_trouble_is_said_aloud(visit: Visit) -> None:
    widget = visit()
    STATES["broken"](widget)
    expect(widget.status).to_have_text("Something went wrong on our side. Your question was not answered.")
