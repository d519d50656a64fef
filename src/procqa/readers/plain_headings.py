"""Which lines of plain text are headings: those the vocabulary knows, and those that stand as the known ones do."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

from procqa.readers.headings import MAX_HEADING, canonical_section, is_name_heading, plain_heading

_ITEM = re.compile(r"\s*(?:[•◦▪‣·●○■*+–—-]|\(?\d{1,3}[.)]|\(?[a-z][.)])\s")
_NUMBERED = re.compile(r"\s*\(?\d{1,2}[.)]\s+\S")
_SENTENCE_END = (".", "!", "?", ":", ";", ".)", ".”", '."')
_LONGEST_OWN = 60
_MOST_WORDS = 8
_SMALL_WORDS = frozenset(
    "a an and as at but by for from in into of on or per the to via vs with your you is it".split()
)


def canonical_lines(lines: list[str], title: str = "") -> dict[int, str]:
    """Index -> canonical name of the lines that hold nothing but a heading of the vocabulary."""
    plain: dict[int, str] = {}
    numbered: dict[int, str] = {}
    for index, line in enumerate(lines):
        if not 0 < len(line.strip()) <= MAX_HEADING or line.rstrip().endswith((".", "!", ",", ";")):
            continue
        is_numbered = _NUMBERED.match(line) is not None
        if (_ITEM.match(line) and not is_numbered) or _runs_on(lines, index):
            continue
        name = canonical_section(line, title)
        if name is not None and not is_name_heading(line):
            (numbered if is_numbered else plain)[index] = name
    # "2. Preparation" is a heading on a page that numbers its headings, and a step of a list on any other.
    return plain or {index: name for index, name in numbered.items() if not _in_numbered_list(lines, index)}


def own_headings(lines: list[str], kept: list[int], known: Mapping[int, str]) -> dict[int, str]:
    """Index -> heading of the lines that are headings of the page's own making.

    They must stand as the known headings stand (blank lines above and below, a colon or none) and be in title case.
    """
    canonical = [index for index in kept if known.get(index)]
    styles = Counter(_style(lines, index) for index in canonical).most_common(1)
    wanted = styles[0][0] if styles else None
    filled = [index for index in kept if lines[index].strip()]
    found: dict[int, str] = {}
    for place, index in enumerate(filled[:-1]):
        before, after = (filled[place - 1] if place else None), filled[place + 1]
        if index in known or after in known or not _looks_like_heading(lines[index]):
            continue
        style = _style(lines, index)
        is_spaced = style[:2] == (True, True)
        # With no known heading to compare with, only blank lines on both sides are evidence enough.
        stands_alike = is_spaced if wanted is None else style == wanted
        if not stands_alike or before is None or before in found:
            continue
        if not is_spaced and not _between_texts(lines[before], lines[after]):
            continue
        found[index] = plain_heading(lines[index])
    return found


def _style(lines: list[str], index: int) -> tuple[bool, bool, bool]:
    """Blank line above, blank line below, closing colon."""
    above = index == 0 or not lines[index - 1].strip()
    below = index + 1 >= len(lines) or not lines[index + 1].strip()
    return above, below, lines[index].rstrip().rstrip("*").endswith(":")


def _looks_like_heading(line: str) -> bool:
    text = line.strip()
    if not 0 < len(text) <= _LONGEST_OWN or _ITEM.match(line) or text.endswith((".", "!", ";", ",")):
        return False
    if is_name_heading(text):
        return False
    words = plain_heading(text).split()
    if not 0 < len(words) <= _MOST_WORDS:
        return False
    if text.startswith(("#", "**")):
        return True
    return words[0][:1].isupper() and all(
        word[:1].isupper() or word[:1].isdigit() or word[:1] in "(&/" or word.lower() in _SMALL_WORDS for word in words
    )


def _between_texts(before: str, after: str) -> bool:
    """In tight text: the line above ends a sentence or is an item, the line below begins one that does."""
    ended = before.rstrip().endswith(_SENTENCE_END) or _ITEM.match(before) is not None
    goes_on = after.rstrip().endswith(_SENTENCE_END) or _ITEM.match(after) is not None
    return ended and goes_on


def _runs_on(lines: list[str], index: int) -> bool:
    """Whether a line is the rest of a sentence that was broken on the line above ("during\\nrecovery\\nhe ...")."""
    line = lines[index].strip()
    above = lines[index - 1].strip() if index else ""
    return line[:1].islower() and bool(above) and not above.endswith(_SENTENCE_END)


def _in_numbered_list(lines: list[str], index: int) -> bool:
    """Whether the next line that is not blank is numbered as well, as in a list of steps."""
    below = next((line for line in lines[index + 1 : index + 4] if line.strip()), "")
    return _NUMBERED.match(below) is not None
