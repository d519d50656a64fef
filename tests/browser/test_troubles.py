"""Slow and lost networks, a service that restarts, limits, and replies of a wrong form."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from benchmarks.widget.serving import free_port, service
from benchmarks.widget.states import ASK, CLEAR_QUESTION, STATES, Widget

pytestmark = pytest.mark.browser

Visit = Callable[..., Widget]
ANSWERED = "Pneumothorax, 1 to 2 in 100"


def test_waiting_is_seen_and_slow_is_said(visit: Visit) -> None:
    widget = visit()
    STATES["slow"](widget)
    expect(widget.element.get_by_role("button", name="Stop")).to_be_visible()
    widget.let_go()
    expect(widget.last.locator(".said").first).to_contain_text(ANSWERED)
    expect(widget.element.get_by_role("button", name="Ask", exact=True)).to_be_visible()


def test_a_slow_question_can_be_stopped_and_asked_again(visit: Visit) -> None:
    widget = visit()
    STATES["waiting"](widget)
    widget.element.get_by_role("button", name="Stop").click()
    expect(widget.last.get_by_text("Stopped before an answer came.")).to_be_visible()
    expect(widget.input).to_be_focused()
    widget.drop()
    widget.welcome()
    widget.last.get_by_role("button", name="Try again").click()
    expect(widget.last.locator(".said").first).to_contain_text(ANSWERED)


def test_no_answer_in_time_ends_the_wait(visit: Visit) -> None:
    widget = visit()
    widget.page.clock.install()
    STATES["waiting"](widget)
    widget.page.clock.fast_forward(31_000)
    expect(widget.last.get_by_text("No answer came in time.")).to_be_visible()
    expect(widget.last.get_by_role("button", name="Try again")).to_be_enabled()


def test_a_question_asked_offline_is_asked_when_the_network_is_back(visit: Visit) -> None:
    widget = visit()
    STATES["offline"](widget)
    expect(widget.last.get_by_text("You are offline.")).to_be_visible()
    widget.page.context.set_offline(False)
    expect(widget.last.locator(".said").first).to_contain_text(ANSWERED)


def test_a_restart_in_mid_question_ends_in_the_answer(new_page: Callable[..., Page], corpus_index: Path) -> None:
    with service(corpus_index, free_port()) as running:
        widget = Widget(new_page())
        widget.page.goto(f"{running.url}/ask")
        widget.element.locator(".starters .chip").first.wait_for()
        running.freeze()
        widget.type(CLEAR_QUESTION)
        widget.last.locator(".waiting").wait_for()
        running.end()
        expect(widget.last.get_by_text("The connection was lost. Asking again")).to_be_visible()
        running.start()
        expect(widget.last.locator(".said").first).to_contain_text(ANSWERED, timeout=20_000)


def test_a_limit_tells_how_long_to_wait(visit: Visit) -> None:
    widget = visit()
    widget.page.clock.install()
    STATES["limited"](widget)
    again = widget.last.get_by_role("button", name="Try again")
    expect(
        widget.last.get_by_text("Many questions are being asked right now. You can try again in 30 s.")
    ).to_be_visible()
    expect(again).to_be_disabled()
    widget.page.clock.run_for(12_000)
    expect(widget.last.get_by_text("in 18 s.")).to_be_visible()
    widget.page.clock.run_for(20_000)
    expect(again).to_be_enabled()
    widget.welcome()
    again.click()
    expect(widget.last.locator(".said").first).to_contain_text(ANSWERED)


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (500, "Something went wrong on our side."),
        (401, "This site is not allowed to ask here."),
        (403, "This site is not allowed to ask here."),
        (422, "This question cannot be read."),
    ],
)
def test_each_trouble_has_its_own_words_and_a_way_on(visit: Visit, status: int, words: str) -> None:
    widget = visit()
    widget.refuse(status)
    widget.type(CLEAR_QUESTION)
    expect(widget.last.get_by_text(words)).to_be_visible()
    widget.welcome()
    widget.last.get_by_role("button", name="Try again").click()
    expect(widget.last.locator(".said").first).to_contain_text(ANSWERED)


def test_a_service_that_is_starting_is_asked_again(visit: Visit) -> None:
    widget = visit()
    widget.refuse(503, {"Retry-After": "1"})
    widget.type(CLEAR_QUESTION)
    expect(widget.last.get_by_text("The service is starting up.")).to_be_visible()
    widget.welcome()
    expect(widget.last.locator(".said").first).to_contain_text(ANSWERED)


@pytest.mark.parametrize("body", ["<html>", "null", "{}", '{"status": "answered", "answers": [], "citations": []}'])
def test_a_reply_of_a_wrong_form_is_no_answer(visit: Visit, body: str) -> None:
    widget = visit()
    named = {"Access-Control-Allow-Origin": "*"}
    widget.page.route(ASK, lambda route: route.fulfill(status=200, headers=named, body=body))
    widget.type(CLEAR_QUESTION)
    expect(widget.last.get_by_text("Something went wrong on our side.")).to_be_visible()


def test_a_question_that_was_under_way_at_a_reload_can_be_asked_again(visit: Visit) -> None:
    widget = visit()
    STATES["waiting"](widget)
    widget.page.reload()
    expect(widget.last.get_by_text("The page was reloaded before an answer came.")).to_be_visible()
    widget.welcome()
    widget.last.get_by_role("button", name="Try again").click()
    expect(widget.last.locator(".said").first).to_contain_text(ANSWERED)


def test_a_page_that_cannot_be_fetched_leaves_the_answer_and_a_retry(visit: Visit) -> None:
    widget = visit()
    widget.ask(CLEAR_QUESTION)
    widget.last.locator(".next").wait_for()
    widget.page.reload()  # forgets the fetched page
    widget.page.route("**/v1/documents/**", lambda route: route.abort())
    widget.page.reload()
    widget.last.get_by_role("button", name="Show in the page").first.click()
    expect(widget.last.get_by_text("The page cannot be opened right now.")).to_be_visible()
    widget.page.unroute("**/v1/documents/**")
    widget.last.get_by_role("button", name="Try again").click()
    expect(widget.last.locator(".excerpt mark").first).to_be_visible()
