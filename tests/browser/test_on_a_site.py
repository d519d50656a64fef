"""The widget as a guest: strict policies, foreign styles, modes, languages, themes, small and zoomed windows."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from benchmarks.widget.serving import RunningService
from benchmarks.widget.states import CLEAR_QUESTION, LINE_QUESTION, STATES, Widget

pytestmark = pytest.mark.browser

Visit = Callable[..., Widget]
WILD_STYLE = (
    "<style>* { color: red !important; font-size: 40px !important; margin: 40px } "
    "button { display: none !important }</style>"
)


@pytest.fixture
def strict(policy: dict[str, str], running: RunningService) -> Iterator[None]:
    """The site allows the widget's script and calls, and nothing else: nothing inline, no HTML from strings."""
    policy["Content-Security-Policy"] = (
        f"default-src 'none'; script-src {running.url}/widget.js; connect-src {running.url}; "
        "require-trusted-types-for 'script'; trusted-types 'none'; base-uri 'none'"
    )
    yield
    policy.clear()


def test_it_works_under_a_strict_policy_on_another_origin(visit: Visit, strict: None) -> None:
    widget = visit('data-site-key="public-key-of-the-site"')
    widget.page.evaluate(
        "window.broken = [];"
        "document.addEventListener('securitypolicyviolation', (event) => broken.push(event.violatedDirective))"
    )
    with widget.page.expect_request("**/v1/ask") as asked:
        widget.ask(CLEAR_QUESTION)
    assert asked.value.headers["authorization"] == "Bearer public-key-of-the-site"
    assert "cookie" not in asked.value.headers
    widget.show_source()
    expect(widget.last.locator(".next .chip").first).to_be_visible()
    assert widget.element.locator(".panel").evaluate("panel => getComputedStyle(panel).display") == "flex"
    assert widget.page.evaluate("broken") == []


def test_nothing_comes_from_a_third_party(visit: Visit, running: RunningService, origin: str) -> None:
    widget = visit()
    asked: list[str] = []
    widget.page.on("request", lambda request: asked.append(request.url))
    widget.page.reload()
    widget.ask(CLEAR_QUESTION)
    widget.show_source()
    assert {url.split("/", 3)[2] for url in asked} == {running.url.split("/")[2], origin.split("/")[2]}


def test_styles_neither_come_in_nor_go_out(visit: Visit) -> None:
    plain = visit()
    STATES["answered"](plain)
    looks = (
        "node => (({ color, fontSize, display, margin }) => [color, fontSize, display, margin])(getComputedStyle(node))"
    )
    wanted = [plain.element.locator(name).first.evaluate(looks) for name in (".said", ".plain", ".input", ".asked")]
    host = plain.page.locator("h1").evaluate(looks)
    wild = visit(body=f"{WILD_STYLE}<main><h1>Your visit</h1></main>")
    STATES["answered"](wild)
    assert [
        wild.element.locator(name).first.evaluate(looks) for name in (".said", ".plain", ".input", ".asked")
    ] == wanted
    bare = visit(body="<main><h1>Your visit</h1></main>")
    bare.element.evaluate("host => host.remove()")
    assert bare.page.locator("h1").evaluate(looks) == host


def test_a_small_root_font_does_not_make_it_small(visit: Visit) -> None:
    widget = visit(body="<style>html { font-size: 62.5% }</style><main><h1>Your visit</h1></main>")
    widget.open()
    assert widget.input.evaluate("node => getComputedStyle(node).fontSize") == "16px"


@pytest.mark.parametrize("mode", ["panel", "page"])
def test_it_is_also_a_part_of_the_page(visit: Visit, mode: str) -> None:
    widget = visit(body=f'<main><h1>Ask</h1><procqa-widget mode="{mode}"></procqa-widget></main>')
    assert widget.page.locator("procqa-widget").count() == 1
    assert widget.element.locator(".launcher").count() == 0
    widget.ask(LINE_QUESTION)
    expect(widget.last.locator(".said").first).to_be_visible()
    expect(widget.input).to_be_focused()
    if mode == "page":
        assert widget.element.locator(".panel").bounding_box()["height"] == 720  # type: ignore[index]


def test_a_script_of_the_site_can_open_it_and_ask(visit: Visit) -> None:
    widget = visit()
    widget.page.evaluate("document.querySelector('procqa-widget').ask('Who is present at a leadless pacemaker?')")
    expect(widget.last.locator(".slip, .lead").first).to_be_visible()
    widget.page.evaluate("document.querySelector('procqa-widget').close()")
    expect(widget.element.locator("dialog")).to_be_hidden()


def test_spanish(visit: Visit) -> None:
    widget = visit(language="es")
    widget.element.get_by_role("button", name="Pregunte sobre un procedimiento").click()
    expect(widget.element.get_by_text("no es consejo médico")).to_be_visible()
    widget.element.locator(".input").fill(CLEAR_QUESTION)
    widget.element.get_by_role("button", name="Preguntar").click()
    expect(widget.last.locator(".place-section").first).to_have_text("Riesgos y complicaciones")
    expect(widget.last.get_by_text("Muy probablemente es la respuesta")).to_be_visible()
    assert widget.last.locator(".said").first.get_attribute("lang") == "en"  # the page's words stay as they are
    chip = widget.last.locator(".next .chip").first
    expect(chip).to_have_text("¿Cómo me preparo?")
    with widget.page.expect_request("**/v1/ask") as asked:
        chip.click()
    assert asked.value.post_data_json["question"].startswith("How do I prepare for ")
    expect(widget.last.locator(".place-section").first).to_have_text("Preparación")


def test_every_word_is_there_in_every_language(running: RunningService) -> None:
    import json
    from importlib import resources

    table = json.loads(resources.files("procqa.widget").joinpath("strings.json").read_text(encoding="utf-8"))
    assert [key for key, words in table.items() if set(words) != {"en", "es"} or not all(words.values())] == []


def test_a_site_brings_its_own_words_right_to_left(visit: Visit) -> None:
    strings = '{"launch": "اسأل عن إجراء", "placeholder": "اكتب سؤالك", "question": "Your question"}'
    widget = visit(f"lang='ar' data-lang='ar' data-strings='{strings}'", viewport={"width": 1000, "height": 700})
    frame = widget.element.locator(".frame")
    assert (frame.get_attribute("dir"), frame.get_attribute("lang")) == ("rtl", "ar")
    launcher = widget.element.get_by_role("button", name="اسأل عن إجراء")
    assert launcher.bounding_box()["x"] < 100  # type: ignore[index]
    STATES["answered"](widget)
    send, field = (widget.element.locator(name).first.bounding_box() for name in (".send", ".input"))
    assert send["x"] < field["x"]  # type: ignore[index]
    assert widget.last.locator(".said").first.evaluate("node => getComputedStyle(node).direction") == "ltr"


def test_a_site_sets_the_emergency_line(visit: Visit) -> None:
    widget = visit('data-emergency="Call 112 now if you cannot breathe." data-emergency-phone="112"')
    widget.open()
    link = widget.element.get_by_role("link", name="Call 112 now if you cannot breathe.")
    assert link.get_attribute("href") == "tel:112"


def test_dark_and_light_follow_the_reader_or_the_site(visit: Visit) -> None:
    colors = {}
    for name, attributes, scheme in (
        ("dark", "", "dark"),
        ("light", "", "light"),
        ("set", 'data-theme="light"', "dark"),
    ):
        widget = visit(attributes, color_scheme=scheme)
        widget.open()
        colors[name] = widget.element.locator(".panel").evaluate("panel => getComputedStyle(panel).backgroundColor")
    assert colors["dark"] != colors["light"] == colors["set"]
    widget.page.emulate_media(color_scheme="light")
    expect(widget.element.locator(".frame")).not_to_have_class("dark")


def test_a_site_sets_colors_by_custom_properties(visit: Visit) -> None:
    widget = visit(
        body="<style>procqa-widget { --procqa-accent: rgb(90, 0, 90) }</style><main><h1>Your visit</h1></main>"
    )
    assert (
        widget.element.locator(".launcher").evaluate("node => getComputedStyle(node).backgroundColor")
        == "rgb(90, 0, 90)"
    )


BEYOND = """(host, width) => [...host.shadowRoot.querySelectorAll("dialog *")].filter((node) => {
  const box = node.getBoundingClientRect();
  return box.width > 1 && !node.classList.contains("unseen") && (box.right > width + 1 || box.left < -1);
}).map((node) => node.className || node.localName)"""
SMALL = """host => [...host.shadowRoot.querySelectorAll("dialog button, dialog summary")]
  .map((node) => [node.className || node.localName, node.getBoundingClientRect()])
  .filter(([, box]) => box.height && (box.height < 24 || box.width < 24)).map(([name]) => name)"""


@pytest.mark.parametrize("state", ["opened", "source", "clarified", "rating"])
def test_nothing_is_cut_off_in_a_small_or_zoomed_window(visit: Visit, state: str) -> None:
    widget = visit()
    STATES[state](widget)
    for width, height in ((640, 400), (320, 640), (320, 256)):  # 200 %, 320 px, 400 %
        widget.page.set_viewport_size({"width": width, "height": height})
        widget.page.wait_for_timeout(50)
        assert widget.element.evaluate(BEYOND, width) == []
        assert widget.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        expect(widget.input).to_be_in_viewport()
        assert widget.log.bounding_box()["height"] > 110  # type: ignore[index]
        assert widget.element.evaluate(SMALL) == []  # WCAG 2.5.8


def test_motion_is_reduced_on_request(visit: Visit) -> None:
    for motion, name in (("reduce", "none"), ("no-preference", "read")):
        widget = visit(reduced_motion=motion)
        STATES["waiting"](widget)
        dot = widget.last.locator(".dots i").first
        assert dot.evaluate("node => getComputedStyle(node).animationName") == name


def test_high_contrast_keeps_borders_and_focus(visit: Visit) -> None:
    widget = visit(forced_colors="active")
    STATES["answered"](widget)
    for name in (".send", ".asked", ".chip"):
        assert widget.element.locator(name).first.evaluate("node => getComputedStyle(node).borderTopStyle") == "solid"
    widget.input.focus()
    assert widget.input.evaluate("node => getComputedStyle(node).outlineStyle") == "solid"


def test_a_removed_widget_listens_no_more(visit: Visit) -> None:
    widget = visit()
    widget.page.evaluate("window.gone = document.querySelector('procqa-widget'); gone.remove()")
    widget.page.keyboard.press("Alt+q")
    assert widget.page.evaluate("gone.shadowRoot.querySelector('dialog').open") is False
    widget.page.evaluate("document.body.append(gone)")
    widget.page.keyboard.press("Alt+q")
    expect(widget.element.locator("dialog")).to_be_visible()


def test_without_storage_it_still_answers(new_page: Callable[..., Page], visit: Visit) -> None:
    widget = visit()
    widget.page.add_init_script(
        "Object.defineProperty(window, 'sessionStorage', { get() { throw new Error('denied') } })"
    )
    widget.page.reload()
    widget.ask(LINE_QUESTION)
    expect(widget.last.locator(".said").first).to_be_visible()
