"""A conversation as its reader has it, with the real service on another origin."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, Route, expect

from benchmarks.widget.serving import RunningService
from benchmarks.widget.states import CLEAR_QUESTION, LINE_QUESTION, UNKNOWN_QUESTION, Widget

pytestmark = pytest.mark.browser

Visit = Callable[..., Widget]
FEEDBACK = "**/v1/feedback"
CORS = {"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Headers": "*"}


def sent(page: Page, door: str) -> list[dict[str, object]]:
    """The bodies of the requests to a door, from now on."""
    bodies: list[dict[str, object]] = []
    page.on(
        "request", lambda r: bodies.append(r.post_data_json) if r.url.endswith(door) and r.method == "POST" else None
    )
    return bodies


def test_the_answer_is_the_words_of_the_page_with_its_source(visit: Visit) -> None:
    widget = visit()
    turn = widget.ask(LINE_QUESTION)
    slip = turn.locator(".slip").first
    said = slip.locator(".said").inner_text()
    assert "1 week" in said
    expect(slip.locator(".place-section")).to_have_text("Recovery")
    expect(slip.locator(".place-title")).to_contain_text("Laparoscopic Cholecystectomy")
    expect(slip.locator(".sure-words")).to_be_visible()
    assert slip.locator(".said").bounding_box()["y"] < slip.locator(".from").bounding_box()["y"]  # type: ignore[index]
    expect(turn.locator("h3")).to_contain_text(LINE_QUESTION)
    expect(widget.element.get_by_text("not medical advice")).to_be_visible()
    expect(widget.element.get_by_text("In an emergency")).to_be_visible()


def test_a_list_is_shown_as_a_list(visit: Visit) -> None:
    items = visit().ask(CLEAR_QUESTION).locator(".said").first.locator("ul > li")
    assert items.count() == 4
    expect(items.first).to_have_text("Pneumothorax, 1 to 2 in 100")


def test_the_source_opens_in_place_with_the_words_highlighted(visit: Visit, running: RunningService) -> None:
    widget = visit()
    turn = widget.ask(LINE_QUESTION)
    said = turn.locator(".said").first.inner_text().strip()
    excerpt = widget.show_source()
    assert excerpt.locator("mark").inner_text() == said
    assert len(excerpt.locator(".page-words").inner_text()) > len(said)
    expect(excerpt.locator("mark")).to_be_in_viewport()
    expect(turn.locator(".from").first).to_be_in_viewport()  # the answer stays in sight
    link = excerpt.get_by_role("link").get_attribute("href")
    assert link is not None
    assert link.startswith(f"{running.url}/documents/general-surgery/cholecystectomy-laparoscopic?start=")
    with widget.page.context.expect_page() as opened:
        excerpt.get_by_role("link").click()
    page = opened.value
    assert page.locator("mark").inner_text() == said
    expect(page.locator("mark")).to_be_in_viewport()
    widget.last.get_by_role("button", name="Hide the page").click()
    expect(excerpt).to_be_hidden()


def test_the_link_of_a_list_highlights_all_of_it(visit: Visit) -> None:
    widget = visit()
    items = widget.ask(CLEAR_QUESTION).locator(".said").first.locator("li").all_inner_texts()
    assert len(widget.show_source().locator("mark").all()) == len(items)
    link = widget.last.locator(".excerpt").first.get_by_role("link").get_attribute("href")
    page = widget.page.context.new_page()
    page.goto(str(link))
    assert page.locator("mark").all_inner_texts() == items
    start, end = (parse_qs(urlsplit(str(link)).query)[name][0] for name in ("start", "end"))
    assert page.locator("mark").first.get_attribute("id") == f"c{start}-{end}"


def test_a_follow_up_keeps_its_subject(visit: Visit) -> None:
    widget = visit()
    widget.ask("How long does a leadless pacemaker implant take?")
    bodies = sent(widget.page, "/v1/ask")
    turn = widget.ask("And what are the risks?")
    expect(turn.locator(".place-title").first).to_contain_text("leadless")
    assert bodies[0]["history"] == ["How long does a leadless pacemaker implant take?"]
    expect(turn.get_by_text("Taken to be about the same procedure as before.")).to_be_visible()


def test_suggested_questions_are_of_sections_that_exist(visit: Visit) -> None:
    widget = visit()
    widget.ask(LINE_QUESTION)
    chips = widget.last.locator(".next .chip")
    chips.first.wait_for()
    assert "What is recovery like?" not in chips.all_inner_texts()  # just answered
    chips.get_by_text("What are the risks?").click()
    widget.last.locator(".slip").first.wait_for()
    expect(widget.last.locator(".place-section").first).to_have_text("Risks and Complications")
    expect(widget.last.locator(".place-title").first).to_contain_text("Laparoscopic Cholecystectomy")
    assert widget.element.locator(".next").count() <= 1


def test_starters_ask_about_pages_that_exist(visit: Visit) -> None:
    widget = visit()
    widget.open()
    chip = widget.element.locator(".starters .chip").first
    title = chip.locator(".chip-title").inner_text()
    chip.click()
    expect(widget.last.locator(".place-title").first).to_have_text(title)
    expect(widget.element.locator(".greeting")).to_be_hidden()


def test_which_one_is_meant_is_asked_with_buttons(visit: Visit) -> None:
    widget = visit()
    turn = widget.ask_vaguely()
    choices = turn.locator(".choice")
    assert choices.count() >= 2
    name = choices.nth(1).inner_text()
    bodies = sent(widget.page, "/v1/ask")
    choices.nth(1).click()
    widget.last.locator(".slip").first.wait_for()
    expect(widget.last.locator(".place-title").first).to_have_text(name)
    assert bodies[0]["filters"] == {"doc_id": [bodies[0]["filters"]["doc_id"][0]]}  # type: ignore[index]
    assert name in str(bodies[0]["question"])  # so that the next follow-up keeps the choice


def test_no_answer_is_said_plainly_with_the_nearest_sections(visit: Visit) -> None:
    widget = visit()
    turn = widget.ask(UNKNOWN_QUESTION)
    expect(turn.locator(".lead")).to_have_text("These pages do not answer that.")
    assert turn.locator(".slip").count() == 0
    nearest = turn.locator(".choices .choice")
    assert nearest.count() >= 1
    nearest.first.click()
    expect(turn.locator(".excerpt .page-words").first).to_be_visible()
    expect(turn.locator(".excerpt").first.get_by_role("link")).to_be_visible()


def test_a_thumb_up_is_sent_with_the_answers_id(visit: Visit) -> None:
    widget = visit()
    bodies: list[dict[str, object]] = []

    def take(route: Route) -> None:
        if route.request.method == "POST":
            bodies.append(route.request.post_data_json)
        route.fulfill(status=200, headers=CORS, json={})

    widget.page.route(FEEDBACK, take)
    with widget.page.expect_response("**/v1/ask") as answered:
        widget.ask(LINE_QUESTION)
    widget.last.get_by_role("button", name="Yes").click()
    expect(widget.last.locator(".feedback")).to_have_text(re.compile("Thank you"))
    assert bodies == [{"id": answered.value.json()["id"], "rating": "up"}]
    widget.page.reload()
    widget.log.wait_for()
    expect(widget.last.locator(".feedback")).to_have_text(re.compile("Thank you"))  # and is not asked again


def test_a_thumb_down_asks_for_a_reason(visit: Visit) -> None:
    widget = visit()
    bodies: list[dict[str, object]] = []

    def take(route: Route) -> None:
        if route.request.method == "POST":
            bodies.append(route.request.post_data_json)
        route.fulfill(status=204, headers=CORS)

    widget.page.route(FEEDBACK, take)
    widget.ask(LINE_QUESTION)
    widget.last.get_by_role("button", name="No", exact=True).click()
    expect(widget.last.get_by_role("radio").first).to_be_focused()
    widget.last.get_by_role("radio", name="Not complete").check()
    widget.last.get_by_role("textbox").fill("It leaves out the stairs.")
    widget.last.get_by_role("button", name="Send").click()
    expect(widget.last.locator(".feedback .aside")).to_be_focused()
    assert {key: value for key, value in bodies[0].items() if key != "id"} == {
        "rating": "down",
        "reason": "incomplete",
        "comment": "It leaves out the stairs.",
    }


@pytest.mark.parametrize(("status", "words"), [(404, "does not collect ratings"), (500, "could not be sent")])
def test_a_rating_that_is_not_taken_is_said_so(visit: Visit, status: int, words: str) -> None:
    widget = visit()
    widget.page.route(FEEDBACK, lambda route: route.fulfill(status=status, headers=CORS, body="{}"))
    widget.ask(LINE_QUESTION)
    widget.last.get_by_role("button", name="Yes").click()
    expect(widget.last.locator(".feedback")).to_contain_text(words)


def test_copying_takes_the_words_and_their_source(visit: Visit, running: RunningService, origin: str) -> None:
    widget = visit(permissions=["clipboard-read", "clipboard-write"])
    widget.ask(CLEAR_QUESTION)
    widget.last.get_by_role("button", name="Copy with source").first.click()
    expect(widget.last.get_by_role("button", name="Copied").first).to_be_visible()
    copied = widget.page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("• Pneumothorax, 1 to 2 in 100\n• ")
    assert "— Implantation of a Dual-Chamber Pacemaker with Atrial and Ventricular Leads, Risks and Comp" in copied
    assert copied.splitlines()[-1].startswith(f"{running.url}/documents/cardiology/pacemaker-dual-chamber?start=")


def test_a_reload_brings_the_conversation_back_and_clearing_ends_it(visit: Visit, origin: str) -> None:
    widget = visit()
    said = widget.ask(LINE_QUESTION).locator(".said").first.inner_text()
    widget.page.reload()
    expect(widget.last.locator(".said").first).to_have_text(said)
    expect(widget.element.locator("dialog[open]")).to_be_visible()
    assert widget.page.evaluate("document.activeElement === document.body")  # opening by itself takes no focus
    bodies = sent(widget.page, "/v1/ask")
    widget.ask("And what are the risks?")
    assert bodies[0]["history"] == [LINE_QUESTION]
    other = widget.page.context.new_page()  # another tab
    other.goto(origin)
    other.locator("procqa-widget .launcher").click()
    expect(other.locator("procqa-widget .greeting")).to_be_visible()
    widget.element.get_by_role("button", name="New conversation").click()
    expect(widget.element.locator(".turn")).to_have_count(0)
    expect(widget.element.locator(".greeting")).to_be_visible()
    expect(widget.input).to_be_focused()
    assert "gallbladder" not in json.dumps(widget.page.evaluate("Object.values({...sessionStorage, ...localStorage})"))
    widget.page.reload()
    expect(widget.element.locator(".turn")).to_have_count(0)


def test_a_page_that_changed_since_the_answer_is_not_marked_at_random(visit: Visit) -> None:
    widget = visit()

    def changed(route: Route) -> None:
        response = route.fetch()
        page = response.json()
        page["text"] = page["text"].replace("Driving", "Cycling and driving")
        route.fulfill(response=response, json=page)

    widget.page.route("**/v1/documents/general-surgery/**", changed)
    widget.ask(LINE_QUESTION)
    widget.last.get_by_role("button", name="Show in the page").first.click()
    excerpt = widget.last.locator(".excerpt").first
    expect(excerpt.get_by_text("has changed")).to_be_visible()
    assert excerpt.locator("mark").count() == 0


def test_a_hostile_page_is_only_text(visit: Visit, running: RunningService) -> None:
    widget = visit()
    turn = widget.ask("How long does zebra valve polishing take?")
    expect(turn.locator(".said").first).to_contain_text('</div><button onclick="window.hacked=4">Very likely')
    expect(turn.locator(".place-title").first).to_contain_text("<img src=x onerror='window.hacked=1'>")
    widget.show_source()
    inside = widget.log.evaluate(
        "log => [...log.querySelectorAll('script, img, [onclick], [onerror], [onload]')].length"
    )
    assert inside == 0
    reading = widget.page.context.new_page()
    reading.goto(f"{running.url}/documents/hostile")
    home = widget.page.context.new_page()
    home.goto(f"{running.url}/?q=zebra")
    home.locator("#q").fill("zebra valve")
    expect(home.get_by_role("option").first).to_contain_text("<img src=x")
    for page in (widget.page, reading, home):
        assert page.evaluate("window.hacked") is None
        assert page.locator("img[src=x]").count() == 0
