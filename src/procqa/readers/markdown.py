"""Markdown -> Document: front matter as metadata, the rest as the plain text a reader would see."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from markdown_it import MarkdownIt
from markdown_it.token import Token

from procqa.readers.blocks import Block, draft_of_blocks
from procqa.readers.decoding import check_lines, decode, load
from procqa.readers.front_matter import split_front_matter
from procqa.readers.html import blocks_of_html
from procqa.readers.pages import Draft, Page, Source, finish

_LONGEST_HEADING = 160
# Notes to Markdown processors that CommonMark would print: `{.class}`, `*[abbreviation]: words`.
_ATTRIBUTES = re.compile(r"\{[.#:][^{}\n]{0,80}\}")
# A link around several paragraphs, as converters make of a card; CommonMark would print its brackets.
_CARD = re.compile(r"\[([^\[\]\n]{0,300})((?:\n{1,3}[^\[\]\n]{1,600}){1,4})\n{0,3}\]\([^()\n]{0,300}\)")
_IMAGE = re.compile(r"!\[[^\[\]\n]{0,600}\]\([^()\n]{0,600}\)")
# Bold marks that touch a word on both sides are none to CommonMark, but always meant as such.
_STRAY_BOLD = re.compile(r"\*\*+")
_ABBREVIATION = re.compile(r"^\*\[[^\]\n]{1,80}\]:.*$", re.MULTILINE)


def read_markdown(source: Source) -> Iterator[Page]:
    """The page of a Markdown file; a ReadError when its front matter is broken."""
    metadata, body, taken = split_front_matter(decode(load(source.path)))
    stated = metadata.get("title")
    draft = draft_of_markdown(body, stated if isinstance(stated, str) else "", source.fallback_title, taken)
    yield finish(draft, source, metadata)


def draft_of_markdown(text: str, stated_title: str, fallback_title: str, lines_above: int = 0) -> Draft:
    """Title, sections and removals of Markdown without front matter, which took `lines_above` lines."""
    check_lines(text)
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    tokens = parser.parse(_CARD.sub(_open_card, _IMAGE.sub("", _ABBREVIATION.sub("", text))))
    blocks = list(_join_empty_headings(_Renderer(lines_above).render(tokens)))
    return draft_of_blocks(blocks, stated_title, fallback_title)


def _open_card(card: re.Match[str]) -> str:
    """The paragraphs of a card, each a link that leads nowhere: they are shown as links, and swept as links."""
    lines = f"{card[1]}{card[2]}".split("\n")
    return "\n".join(f"[{line}](#)" if line.strip() else line for line in lines)


def _join_empty_headings(blocks: Sequence[Block]) -> Iterator[Block]:
    """A heading mark alone on its line, as converters leave it, makes a heading of the short paragraph below."""
    waiting: Block | None = None
    for block in blocks:
        if block.level and not block.text.strip():
            waiting = block
            continue
        if waiting is not None and not block.level and len(block.text) <= _LONGEST_HEADING and "\n" not in block.text:
            yield Block(block.text, block.line, waiting.level)
        else:
            yield block
        waiting = None


class _Renderer:
    """Walks the token stream; a list or table with all it holds becomes one block."""

    def __init__(self, lines_above: int) -> None:
        self._lines_above = lines_above
        self._blocks: list[Block] = []
        self._rows: list[str] = []
        self._lists: list[int | None] = []
        self._cells: list[str] | None = None
        self._bullet = ""
        self._line = 1
        self._level = 0

    def render(self, tokens: Sequence[Token]) -> list[Block]:
        for token in tokens:
            if token.map and not self._rows:
                self._line = token.map[0] + 1 + self._lines_above
            if token.type == "inline":
                self._inline(token)
            elif token.type in ("code_block", "fence"):
                self._add(token.content.strip("\n"))
            elif token.type == "html_block":
                self._html(token.content)
            else:
                self._structure(token)
        return self._blocks

    def _structure(self, token: Token) -> None:
        match token.type:
            case "heading_open":
                self._level = int(token.tag[1])
            case "heading_close":
                self._level = 0
            case "bullet_list_open":
                self._lists.append(None)
            case "ordered_list_open":
                self._lists.append(int(token.attrs.get("start", 1)))
            case "bullet_list_close" | "ordered_list_close":
                self._lists.pop()
                self._flush()
            case "list_item_open":
                self._bullet = self._next_bullet()
            case "table_open" | "tr_open":
                self._cells = []
            case "tr_close":
                self._rows.append(" | ".join(self._cells or []))
                self._cells = None
            case "table_close":
                self._flush()

    def _next_bullet(self) -> str:
        number = self._lists[-1]
        if number is None:
            return "- "
        self._lists[-1] = number + 1
        return f"{number}. "

    def _inline(self, token: Token) -> None:
        text = _plain(token.children or [])
        if self._cells is not None:
            self._cells.append(" ".join(text.split()))
        elif self._level and not self._lists:
            self._blocks.append(Block(text, self._line, self._level))
        else:
            bold, links = _is_all(token, "strong"), _is_all(token, "link")
            self._add(text, only_bold=bold, only_links=links)

    def _add(self, text: str, *, only_bold: bool = False, only_links: bool = False) -> None:
        if not text.strip():
            return
        if not self._lists:
            self._blocks.append(Block(text, self._line, only_bold=only_bold, only_links=only_links))
            return
        indent = "  " * (len(self._lists) - 1)
        lead = self._bullet or "  "
        self._bullet = ""
        self._rows.append(indent + lead + text.replace("\n", "\n" + indent + "  "))

    def _html(self, markup: str) -> None:
        for block in blocks_of_html(markup):
            if block.level and not self._lists:
                self._blocks.append(Block(block.text, self._line, block.level))
            else:
                self._add(block.text, only_bold=block.only_bold, only_links=block.only_links)

    def _flush(self) -> None:
        """End a list or table that stands in no other list."""
        if not self._lists and self._rows:
            self._blocks.append(Block("\n".join(self._rows), self._line))
            self._rows = []


def _plain(children: Sequence[Token]) -> str:
    """The words of inline tokens: a soft line break is a space, marks and images are nothing."""
    parts = []
    for token in children:
        if token.type in ("text", "text_special"):
            parts.append(_STRAY_BOLD.sub("", token.content))
        elif token.type == "code_inline":
            parts.append(token.content)
        elif token.type == "softbreak":
            parts.append(" ")
        elif token.type == "hardbreak" or (token.type == "html_inline" and token.content.lower().startswith("<br")):
            parts.append("\n")
    lines = _ATTRIBUTES.sub("", "".join(parts)).split("\n")
    return "\n".join(" ".join(line.split()) for line in lines if line.strip())


def _is_all(token: Token, kind: str) -> bool:
    """Whether all words of a paragraph stand in marks of one kind: bold, or links."""
    depth, seen = 0, False
    for child in token.children or []:
        if child.type == f"{kind}_open":
            depth, seen = depth + 1, True
        elif child.type == f"{kind}_close":
            depth -= 1
        elif depth == 0 and child.content.strip(" :|•·,"):
            return False
    return seen
