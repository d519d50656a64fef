"""What the widget costs a page: `python -m benchmarks.widget.measure --index DIR`.

Its size, the time until it can be used, and what 200 messages (100 questions and 100 replies) leave in memory.
"""

from __future__ import annotations

import argparse
import gzip
import statistics
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, CDPSession, Page

from benchmarks.widget.browser import launched
from benchmarks.widget.serving import free_port, service, site
from benchmarks.widget.states import Widget, host_page
from procqa.widget import widget_script

LOADS = 15
TURNS = 100
# Lighthouse's slow 4G and its phone, four times slower than the machine that runs it.
SLOW = {"offline": False, "latency": 150, "downloadThroughput": 1.6e6 / 8, "uploadThroughput": 0.75e6 / 8}
SLOWER = 4
# From the start of the navigation to the first frame in which the launcher stands and its click is heard.
READY = """
new MutationObserver((_, watch) => {
  if (!document.querySelector("procqa-widget")?.shadowRoot?.querySelector(".launcher")) return;
  watch.disconnect();
  requestAnimationFrame(() => { window.usable = performance.now(); });
}).observe(document, { childList: true, subtree: true });
"""
QUESTIONS = (
    "How long does {} take?",
    "What are the risks of {}?",
    "How do I prepare for {}?",
    "When can I drive after {}?",
)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--index", type=Path, default=Path("index"))
    given = parser.parse_args()
    script = widget_script().encode()
    print(f"size: {len(script):,} bytes, {len(gzip.compress(script, 9)):,} gzipped")
    pages: dict[str, str] = {}
    with site(pages) as origin, service(given.index, free_port(), (origin,)) as running, launched() as browser:
        pages["/"] = host_page(running.url)
        _report("usable after, ms", [_usable(browser, origin, slow=False) for _ in range(LOADS)])
        _report("usable after, slow 4G and a phone, ms", [_usable(browser, origin, slow=True) for _ in range(LOADS)])
        _conversation(browser, origin)


def _report(name: str, values: list[float]) -> None:
    print(
        f"{name}: median {statistics.median(values):.0f}, {min(values):.0f} to {max(values):.0f} in {len(values)} loads"
    )


def _usable(browser: Browser, origin: str, *, slow: bool) -> float:
    page = browser.new_context().new_page()  # a context of its own: nothing is cached
    page.add_init_script(READY)
    if slow:
        session = page.context.new_cdp_session(page)
        session.send("Network.enable")
        session.send("Network.emulateNetworkConditions", SLOW)
        session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    page.goto(origin)
    page.wait_for_function("window.usable")
    taken = float(page.evaluate("window.usable"))
    page.context.close()
    return taken


def _conversation(browser: Browser, origin: str) -> None:
    page = browser.new_context().new_page()
    session = page.context.new_cdp_session(page)
    page.goto(origin)
    page.locator("procqa-widget .launcher").wait_for()
    print("before the first opening:", _memory(session))
    widget = Widget(page)
    widget.open()
    widget.element.locator(".starters").wait_for()
    titles = _titles(page)
    print("opened:", _memory(session))
    for turn in range(TURNS):
        question = QUESTIONS[turn % len(QUESTIONS)].format(titles[turn * 7 % len(titles)])
        widget.input.fill(question)
        widget.input.press("Enter")
        widget.element.locator(".turn").nth(turn).locator(".slip, .lead").first.wait_for()
    print(f"after {2 * TURNS} messages:", _memory(session))
    kept = page.evaluate("Object.values(sessionStorage).join('').length")
    print(f"kept for a reload: {kept:,} characters")
    print(f"a typed letter is drawn after {_letter(page, widget):.1f} ms (median of 20)")
    page.reload()
    widget.element.locator(".turn").nth(TURNS - 1).wait_for()
    print("after a reload:", _memory(session))
    widget.element.get_by_role("button", name="New conversation").click()
    print("cleared:", _memory(session))
    page.context.close()


def _titles(page: Page) -> list[str]:
    address = page.locator("script[src$='widget.js']").get_attribute("src")
    assert address is not None
    listed: dict[str, Any] = page.request.get(f"{address.removesuffix('widget.js')}v1/documents?limit=100").json()
    return [document["title"] for document in listed["documents"]]


def _memory(session: CDPSession) -> str:
    for _ in range(2):
        session.send("HeapProfiler.collectGarbage")
    heap = session.send("Runtime.getHeapUsage")["usedSize"]
    counts = session.send("Memory.getDOMCounters")
    return (
        f"{heap / 1e6:.2f} MB of JavaScript heap, {counts['nodes']:,} nodes, {counts['jsEventListeners']:,} listeners"
    )


def _letter(page: Page, widget: Widget) -> float:
    widget.input.focus()
    page.evaluate(
        """() => { window.drawn = []; document.querySelector("procqa-widget").shadowRoot.addEventListener("input",
        (event) => { const began = event.timeStamp;
        requestAnimationFrame(() => setTimeout(() => drawn.push(performance.now() - began))); }, true); }"""
    )
    for letter in "how long does it take":
        page.keyboard.press(letter if letter != " " else "Space")
        page.wait_for_timeout(50)
    return float(statistics.median(page.evaluate("drawn")))


if __name__ == "__main__":
    main()
