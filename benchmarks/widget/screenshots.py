"""The pictures of the README: `make screenshots`, or `python -m benchmarks.widget.screenshots --index DIR`."""

from __future__ import annotations

import argparse
import base64
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, Page

from benchmarks.widget.browser import launched
from benchmarks.widget.serving import free_port, service, site
from benchmarks.widget.states import CLEAR_QUESTION, LINE_QUESTION, STATES, Widget, host_page

# The browser itself packs its picture: a third of the size of a PNG, and letters stay sharp.
TO_WEBP = """async (png) => {
  const image = await createImageBitmap(await (await fetch(`data:image/png;base64,${png}`)).blob());
  const canvas = new OffscreenCanvas(image.width, image.height);
  canvas.getContext("2d").drawImage(image, 0, 0);
  const packed = await canvas.convertToBlob({ type: "image/webp", quality: 0.9 });
  return btoa(Array.from(new Uint8Array(await packed.arrayBuffer()), (byte) => String.fromCharCode(byte)).join(""));
}"""
WIDE, PHONE = (1280, 800), (390, 780)
HOSPITAL = (
    "<style>body { margin: 0; font: 18px/1.6 Arial, sans-serif; color: #222 } header { background: #7a1f3d; "
    "color: #fff; padding: 22px 64px; font-size: 24px } main { padding: 48px 64px; max-width: 620px } "
    "h1 { font: 40px/1.2 Georgia, serif; margin: 0 0 16px }</style><header>St. Anne’s Hospital</header>"
    "<main><h1>Your operation, step by step</h1><p>Bring your medicines in their boxes, a list of your allergies, and "
    "somebody who can take you home. Visiting is from two to eight in the afternoon.</p></main>"
)


@dataclass(frozen=True)
class Picture:
    """One state of the widget on a site, or of its full page on a phone."""

    name: str
    state: str
    scheme: Literal["light", "dark"] = "light"
    attributes: str = ""
    language: str = "en"


ON_A_SITE = (
    Picture("site-source", "source"),
    Picture("site-dark", "answered", "dark"),
)
ON_A_PHONE = (
    Picture("phone-opened", "opened"),
    Picture("phone-clarified", "clarified"),
    Picture("phone-abstained", "abstained"),
    Picture("phone-dark-rating", "rating", "dark"),
    Picture("phone-slow", "slow"),
    Picture("phone-limited", "limited"),
    Picture("phone-offline", "offline", "dark"),
)


def main() -> None:
    """Start the service and a site, and take every picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--index", type=Path, default=Path("index"))
    parser.add_argument("--out", type=Path, default=Path("docs/screenshots"))
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    pages: dict[str, str] = {}
    with (
        site(pages) as origin,
        service(given.index, free_port(), (origin,)) as running,
        launched() as browser,
    ):
        for picture in ON_A_SITE:
            pages["/"] = host_page(running.url, picture.attributes, picture.language, HOSPITAL)
            _take(browser, origin, picture, WIDE, given.out)
        for picture in ON_A_PHONE:
            pages["/"] = host_page(running.url, picture.attributes, picture.language)
            _take(browser, origin, picture, PHONE, given.out)
        _spanish(browser, pages, running.url, origin, given.out)
        _own_pages(browser, running.url, given.out)
    for path in sorted(given.out.glob("*.webp")):
        print(f"{path} {path.stat().st_size // 1024} kB")


def _tab(browser: Browser, size: tuple[int, int], scheme: Literal["light", "dark"] = "light") -> Page:
    width, height = size
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme=scheme, reduced_motion="reduce"
    )
    return context.new_page()


def _take(browser: Browser, address: str, picture: Picture, size: tuple[int, int], folder: Path) -> None:
    page = _tab(browser, size, picture.scheme)
    page.goto(address)
    page.locator("procqa-widget .frame").wait_for(state="attached")
    widget = Widget(page)
    STATES[picture.state](widget)
    _save(page, folder / f"{picture.name}.webp")
    widget.drop()
    page.context.close()


def _save(page: Page, path: Path) -> None:
    blank = page.context.browser.new_page()  # type: ignore[union-attr]
    packed = blank.evaluate(TO_WEBP, base64.b64encode(page.screenshot()).decode())
    path.write_bytes(base64.b64decode(packed))
    blank.close()


def _spanish(browser: Browser, pages: dict[str, str], service_url: str, origin: str, folder: Path) -> None:
    pages["/"] = host_page(service_url, language="es")
    page = _tab(browser, PHONE)
    page.goto(origin)
    widget = Widget(page)
    widget.ask(CLEAR_QUESTION)
    widget.last.locator(".next").wait_for()
    _save(page, folder / "phone-spanish.webp")
    page.context.close()


def _own_pages(browser: Browser, address: str, folder: Path) -> None:
    page = _tab(browser, WIDE)
    page.goto(address)
    Widget(page).ask(LINE_QUESTION)
    page.locator("procqa-widget .next").wait_for()
    _save(page, folder / "demo.webp")
    page.goto(f"{address}/documents/cardiology/pacemaker-dual-chamber")
    _save(page, folder / "reading.webp")
    page.context.close()


if __name__ == "__main__":
    main()
