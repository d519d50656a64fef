"""The states of the widget that people see, and how a real browser is brought to each.

What the service cannot be brought to do at will (a lost network, a limit) is done to the browser's own requests.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from playwright.sync_api import Error, Locator, Page, Route

CLEAR_QUESTION = "What are the risks of a dual-chamber pacemaker?"
LINE_QUESTION = "When can I drive after keyhole gallbladder removal?"
# Which of these fits several procedures equally well is for the engine to say; the first that does is taken.
VAGUE_QUESTIONS = tuple(f"How long does {name} take?" for name in ("a pacemaker", "a colonoscopy", "knee replacement"))
UNKNOWN_QUESTION = "What is the capital of France?"
ASK = "**/v1/ask"


@dataclass(frozen=True)
class Widget:
    """The widget on a page, as its reader meets it."""

    page: Page
    held: list[Route] = field(default_factory=list)

    @property
    def element(self) -> Locator:
        return self.page.locator("procqa-widget")

    @property
    def log(self) -> Locator:
        return self.element.locator(".log")

    @property
    def input(self) -> Locator:
        return self.element.get_by_role("textbox", name="Your question").or_(self.element.locator(".input")).first

    @property
    def status(self) -> Locator:
        return self.element.locator("[role=status]")

    @property
    def last(self) -> Locator:
        return self.element.locator(".turn").last

    def open(self) -> None:
        if self.element.locator(".launcher").count() and not self.element.locator("dialog[open]").count():
            self.element.locator(".launcher").click()
        self.input.wait_for()

    def type(self, question: str) -> None:
        self.open()
        self.input.fill(question)
        self.input.press("Enter")

    def ask(self, question: str) -> Locator:
        """Ask, and wait for the reply: an answer, a question back, or no answer."""
        self.type(question)
        self.last.locator(".slip, .lead").first.wait_for()
        return self.last

    def ask_vaguely(self) -> Locator:
        """Ask until the service asks back which procedure is meant."""
        for question in VAGUE_QUESTIONS:
            turn = self.ask(question)
            if turn.get_by_text("Which one do you mean?").count():
                return turn
        raise LookupError("none of the vague questions was asked back about")

    def show_source(self) -> Locator:
        self.last.get_by_role("button", name="Show in the page").first.click()
        excerpt = self.last.locator(".excerpt:visible").first
        excerpt.locator("mark").first.wait_for()
        return excerpt

    def hold(self) -> None:
        """Questions wait on the way until `let_go`."""
        self.page.route(ASK, lambda route: self.held.append(route))  # a bound builtin is not taken

    def let_go(self) -> None:
        for route in self.held:
            route.continue_()
        self.held.clear()
        self.page.unroute(ASK)

    def drop(self) -> None:
        """Give up what waits, before the page is closed."""
        for route in self.held:
            with suppress(Error):  # a reload has given it up already
                route.abort()
        self.held.clear()

    def refuse(self, status: int, headers: dict[str, str] | None = None) -> None:
        """Questions are answered by this status."""
        named = {"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": "Retry-After", **(headers or {})}
        self.page.route(ASK, lambda route: route.fulfill(status=status, headers=named, body="{}"))

    def welcome(self) -> None:
        """Questions reach the service again."""
        self.page.unroute(ASK)


def _opened(widget: Widget) -> None:
    widget.open()
    widget.element.locator(".starters .chip").first.wait_for()


def _answered(widget: Widget) -> None:
    widget.ask(CLEAR_QUESTION)
    widget.last.locator(".next .chip").first.wait_for()


def _source(widget: Widget) -> None:
    widget.ask(LINE_QUESTION)
    widget.show_source()


def _waiting(widget: Widget) -> None:
    widget.hold()
    widget.type(CLEAR_QUESTION)
    widget.last.locator(".waiting").wait_for()


def _slow(widget: Widget) -> None:
    widget.page.clock.install()
    _waiting(widget)
    widget.page.clock.fast_forward(4_500)
    widget.last.get_by_text("longer than usual").wait_for()


def _trouble(widget: Widget) -> None:
    widget.type(CLEAR_QUESTION)
    widget.last.locator(".trouble").wait_for()


def _offline(widget: Widget) -> None:
    widget.open()
    widget.page.context.set_offline(True)
    _trouble(widget)


def _limited(widget: Widget) -> None:
    widget.refuse(429, {"Retry-After": "30"})
    _trouble(widget)


def _broken(widget: Widget) -> None:
    widget.refuse(500)
    _trouble(widget)


def _rating(widget: Widget) -> None:
    widget.ask(LINE_QUESTION)
    widget.last.get_by_role("button", name="No", exact=True).click()
    widget.last.locator(".reasons").wait_for()
    widget.last.locator(".reasons").scroll_into_view_if_needed()


def _closed(widget: Widget) -> None:
    widget.element.locator(".launcher").wait_for()


def _clarified(widget: Widget) -> None:
    widget.ask_vaguely()


def _abstained(widget: Widget) -> None:
    widget.ask(UNKNOWN_QUESTION)


# By name; each starts from a page that has just been loaded with the widget in it.
STATES: dict[str, Callable[[Widget], None]] = {
    "closed": _closed,
    "opened": _opened,
    "waiting": _waiting,
    "slow": _slow,
    "answered": _answered,
    "source": _source,
    "clarified": _clarified,
    "abstained": _abstained,
    "rating": _rating,
    "offline": _offline,
    "limited": _limited,
    "broken": _broken,
}


def host_page(service: str, attributes: str = "", language: str = "en", body: str = "") -> str:
    """A page of a site that brings the widget with one script tag."""
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8"><title>St. Anne’s Hospital</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<script src="{service}/widget.js" {attributes} async></script></head>'
        f"<body>{body or '<main><h1>Your visit</h1><p>What to bring, where to park, whom to call.</p></main>'}</body>"
        "</html>"
    )
