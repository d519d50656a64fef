"""Saved HTML -> Document: the words of the main content, without menus, scripts and hidden parts."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator

from selectolax.lexbor import LexborHTMLParser, LexborNode

from procqa.errors import ReadError
from procqa.readers.blocks import Block, draft_of_blocks
from procqa.readers.decoding import decode, load
from procqa.readers.pages import Page, Source, finish

_DROPPED = frozenset(
    "nav header footer aside script style form template noscript head svg iframe button select object video audio "
    "dialog canvas math figcaption".split()
)
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_BREAKING = frozenset(
    "p div section article main body ul ol li table tr dl dt dd blockquote pre hr figure address details summary "
    "fieldset caption thead tbody tfoot center html".split()
) | frozenset(_HEADINGS)
_BOLD = frozenset(("strong", "b", "dt"))
_HIDING_STYLE = re.compile(r"(?:display\s*:\s*none|visibility\s*:\s*hidden)", re.IGNORECASE)
_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]{1,40})", re.IGNORECASE)
# Browsers read these labels as windows-1252, so do the people who wrote the pages.
_LATIN = frozenset(("iso8859-1", "ascii"))
_TAG = re.compile(r"<(/?)([a-z][a-z0-9]*)([^<>]*)>", re.IGNORECASE)
# Elements without an end tag, or whose end tag may be left out.
_UNCLOSED = frozenset(
    "area base br col embed hr img input link meta source track wbr html head body p li dt dd tr td th thead tbody "
    "tfoot caption colgroup option optgroup rt rp".split()
)
# Deeper nesting than a browser lays out is an attack, not a page.
_MAX_DEPTH = 500
_MAX_OPEN = 10 * _MAX_DEPTH
_MAX_NODES = 1_000_000


def read_html(source: Source) -> Iterator[Page]:
    """The page of an HTML file, in the encoding that it declares (UTF-8 when it declares none)."""
    data = load(source.path)
    markup = decode(data, _encoding(data))
    _refuse_deep(markup)
    tree = LexborHTMLParser(markup)
    top = tree.css_first("h1")
    titles = tree.css("head > title")
    stated = " ".join(titles[0].text().split()) if titles else ""
    main = _main_content(tree)
    if main is None:
        raise ReadError("it has no body")
    blocks = list(_Extractor(main).blocks())
    if top is not None and not any(block.level == 1 for block in blocks):
        # The heading often stands in the page's <header>, which is otherwise left out.
        blocks.insert(0, Block(" ".join(top.text().split()), 1, 1))
    draft = draft_of_blocks(_numbered(blocks, markup), stated, source.fallback_title)
    yield finish(draft, source, {})


def blocks_of_html(markup: str) -> Iterator[Block]:
    """The blocks of a piece of HTML, all on line 1; comments and what is not shown give none."""
    _refuse_deep(markup)
    body = LexborHTMLParser(markup).body
    if body is not None:
        yield from _Extractor(body).blocks()


def _refuse_deep(markup: str) -> None:
    """Refuse nesting without end before it is parsed: the parser's time grows with the square of the depth."""
    depth = 0
    for tag in _TAG.finditer(markup):
        if tag[2].lower() not in _UNCLOSED and not tag[3].endswith("/"):
            depth = max(0, depth - 1) if tag[1] else depth + 1
        if depth > _MAX_OPEN:
            raise ReadError(f"its HTML nests elements deeper than {_MAX_OPEN}")


def _encoding(data: bytes) -> str:
    declared = _CHARSET.search(data[:4096])
    if data.startswith(codecs.BOM_UTF8) or declared is None:
        return "utf-8"
    try:
        name = codecs.lookup(declared[1].decode("ascii")).name
    except LookupError:
        return "utf-8"
    return "cp1252" if name in _LATIN else name


def _main_content(tree: LexborHTMLParser) -> LexborNode | None:
    for selector in ("main", "[role=main]"):
        found = tree.css_first(selector)
        if found is not None:
            return found
    articles = tree.css("article")
    return articles[0] if len(articles) == 1 else tree.body


def _numbered(blocks: list[Block], markup: str) -> list[Block]:
    """Blocks with the source line they begin on, as far as their first words are found in order; parsing loses it."""
    place, line = 0, 1
    numbered = []
    for block in blocks:
        words = block.text.lstrip("-0123456789. ").split(None, 3)[:2]
        found = markup.find(" ".join(words), place) if words else -1
        if found >= 0:
            line += markup.count("\n", place, found)
            place = found
        numbered.append(Block(block.text, line, block.level, block.only_bold, block.only_links))
    return numbered


class _Extractor:
    """Walks a tree without recursion and cuts its text into blocks; a list or table is one block."""

    def __init__(self, root: LexborNode) -> None:
        self._root = root
        self._done: list[Block] = []
        self._inline: list[tuple[str, bool, bool]] = []
        self._rows: list[str] = []
        self._lists: list[int | None] = []
        self._tables = 0
        self._cells: list[str] = []
        self._bullet = ""
        self._bold = 0
        self._links = 0
        self._level = 0

    def blocks(self) -> Iterator[Block]:
        """All blocks in page order."""
        stack: list[tuple[LexborNode, bool]] = [(self._root, False)]
        depth = count = 0
        while stack:
            node, leaving = stack.pop()
            tag = node.tag or ""
            if leaving:
                depth -= 1
                self._leave(tag)
                continue
            count += 1
            if depth > _MAX_DEPTH or count > _MAX_NODES:
                raise ReadError(f"its HTML has more than {_MAX_NODES:,} parts, or nests them deeper than {_MAX_DEPTH}")
            if tag == "-text":
                self._inline.append((node.text_content or "", self._bold > 0, self._links > 0))
                continue
            if tag in _DROPPED or tag.startswith(("-", "!")) or (node is not self._root and _is_hidden(node)):
                continue
            depth += 1
            self._enter(node, tag)
            stack.append((node, True))
            children = list(node.iter(include_text=True))
            stack.extend((child, False) for child in reversed(children))
        self._break()
        self._flush_rows()
        return iter(self._done)

    def _enter(self, node: LexborNode, tag: str) -> None:
        if tag in _BREAKING:
            self._break()
        self._level = _HEADINGS.get(tag, self._level)
        self._bold += tag in _BOLD
        self._links += tag == "a"
        if tag in ("ul", "ol"):
            start = node.attributes.get("start") or "1"
            self._lists.append((int(start) if start.isdecimal() and len(start) < 9 else 1) if tag == "ol" else None)
        elif tag == "table":
            self._tables += 1
        elif tag == "li":
            self._bullet = self._next_bullet()
        elif tag == "br":
            self._inline.append(("\n" if not self._tables else " ", True, True))

    def _leave(self, tag: str) -> None:
        if tag in ("td", "th") and self._tables:
            self._cells.append(" ".join(self._words().split()))
        if tag in _BREAKING:
            self._break()
        if tag in _HEADINGS:
            self._level = 0
        self._bold -= tag in _BOLD
        self._links -= tag == "a"
        if tag in ("ul", "ol"):
            self._lists.pop()
        elif tag == "tr" and any(self._cells):
            self._rows.append(" | ".join(self._cells))
        elif tag == "table":
            self._tables -= 1
        if tag == "tr":
            self._cells = []
        if not self._lists and not self._tables and tag in ("ul", "ol", "table"):
            self._flush_rows()

    def _next_bullet(self) -> str:
        number = self._lists[-1] if self._lists else None
        if number is None:
            return "- "
        self._lists[-1] = number + 1
        return f"{number}. "

    def _words(self) -> str:
        lines = "".join(
            text if text == "\n" else re.sub(r"[ \t\n\r\f]+", " ", text) for text, _, _ in self._inline
        ).split("\n")
        self._inline = []
        return "\n".join(" ".join(line.split()) for line in lines if line.strip())

    def _break(self) -> None:
        """End the paragraph that is being gathered."""
        shown = [part for part in self._inline if part[0].strip(" \t\r\n:|•·,")]
        bold = bool(shown) and all(is_bold for _, is_bold, _ in shown)
        links = bool(shown) and all(is_link for _, _, is_link in shown)
        if self._tables and self._inline:
            # A paragraph in a cell is no block of its own: its words stay for the cell.
            self._inline.append((" ", False, False))
            return
        text = self._words()
        if not text:
            return
        if self._lists:
            indent = "  " * (len(self._lists) - 1)
            self._rows.append(indent + (self._bullet or "  ") + text.replace("\n", "\n" + indent + "  "))
            self._bullet = ""
        else:
            self._done.append(Block(text, 1, self._level, only_bold=bold, only_links=links))

    def _flush_rows(self) -> None:
        if self._rows:
            self._done.append(Block("\n".join(self._rows), 1))
            self._rows = []


def _is_hidden(node: LexborNode) -> bool:
    attributes = node.attributes
    return (
        "hidden" in attributes
        or attributes.get("aria-hidden") == "true"
        or _HIDING_STYLE.search(attributes.get("style") or "") is not None
    )
