"""Marked-up pages as a run of blocks -> the plain text and sections of a Document.

Markdown and HTML meet here, so that one page written in either gives the same text: headings on their own line,
items as `- item`, one blank line between blocks.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from procqa.readers.boilerplate import Part, sweep
from procqa.readers.decoding import clean
from procqa.readers.headings import canonical_section, plain_heading
from procqa.readers.pages import Draft, Removal
from procqa.types import Section

INTRODUCTION = "Introduction"
# A bold line that names a canonical section is its heading, below any that is marked as one.
BOLD_HEADING = 6
_SITE_PART = re.compile(r"\s+[-–—|·:]\s+")


@dataclass(frozen=True, slots=True)
class Block:
    """A heading (level 1 to 6), or a paragraph, list or table (level 0), and the source line where it begins."""

    text: str
    line: int
    level: int = 0
    only_bold: bool = False
    only_links: bool = False


def draft_of_blocks(blocks: Sequence[Block], stated_title: str, fallback_title: str) -> Draft:
    """Text, sections and removals of a marked-up page. `stated_title` is that of its front matter or <title>."""
    cleaned = [replace(block, text=text) for block in blocks if (text := clean(block.text).strip())]
    title, title_blocks = _title(cleaned, " ".join(clean(stated_title).split()))
    cleaned = _find_plain_headings(cleaned, title)
    names = [canonical_section(block.text, title) if block.level else None for block in cleaned]
    removed = sweep(
        [
            Part(block.text, block.level, name is not None, block.only_links)
            for block, name in zip(cleaned, names, strict=True)
        ]
    )
    removed |= dict.fromkeys(title_blocks[:-1], "title-line")
    removals = tuple(Removal(cleaned[i].line, rule, cleaned[i].text) for i, rule in sorted(removed.items()))
    kept = [i for i in range(len(cleaned)) if i not in removed]
    is_title = frozenset(title_blocks)
    text, sections = _lay_out([(cleaned[i], names[i], i in is_title) for i in kept])
    return Draft(title or fallback_title, text, sections, removals)


def _title(blocks: Sequence[Block], stated: str) -> tuple[str, list[int]]:
    """The title, and the indexes of the level-1 headings that print it.

    A stated title with the site's name behind it gives way to the page's own heading when the two share a word.
    """
    tops = [index for index, block in enumerate(blocks) if block.level == 1]
    if not tops or (not stated and canonical_section(blocks[tops[0]].text)):
        return stated, []
    if not stated:
        stated = blocks[tops[0]].text
    printed = [index for index in tops if _same(blocks[index].text, stated)]
    own = next(
        (index for index in tops[:3] if index not in printed and _is_own_title(blocks[index].text, stated)), None
    )
    if own is not None:
        return plain_heading(blocks[own].text), [*printed, own]
    if not printed and tops[0] == next((i for i, block in enumerate(blocks) if block.level), None):
        # The first heading of a page whose front matter words its title otherwise is no section of the page.
        printed = [] if canonical_section(blocks[tops[0]].text, stated) else tops[:1]
    return plain_heading(stated), printed


def _same(one: str, other: str) -> bool:
    return " ".join(one.casefold().split()) == " ".join(other.casefold().split())


def _is_own_title(heading: str, stated: str) -> bool:
    """Whether `heading` is the page's name and `stated` the same with parts of the site's behind it."""
    if not _SITE_PART.search(stated) or canonical_section(heading):
        return False
    words = set(re.findall(r"\w{4,}", heading.casefold()))
    of_page = {word for part in _SITE_PART.split(stated)[:-1] for word in re.findall(r"\w{4,}", part.casefold())}
    return bool(words & of_page)


def _find_plain_headings(blocks: list[Block], title: str) -> list[Block]:
    """Headings that are not marked as such: bold lines, and any lone line when the page marks no heading at all."""
    unmarked = not any(block.level > 1 for block in blocks)
    return [
        replace(block, level=BOLD_HEADING)
        if not block.level and (block.only_bold or unmarked) and canonical_section(block.text, title)
        else block
        for block in blocks
    ]


def _lay_out(blocks: Sequence[tuple[Block, str | None, bool]]) -> tuple[str, tuple[Section, ...]]:
    """Blocks, each with its canonical name and whether it is the title -> text and sections.

    A sub-heading without a canonical name belongs to the body of the canonical section above it; any other heading
    opens a section.
    """
    parts: list[str] = []
    sections: list[Section] = []
    above: list[tuple[int, str | None]] = []
    name, heading, start, offset = INTRODUCTION, "", 0, 0
    for block, canonical, is_title in blocks:
        if is_title:
            above, name, heading, start = [], INTRODUCTION, "", -1
        elif block.level:
            above = [(level, named) for level, named in above if level < block.level]
            parent = next((named for _, named in reversed(above) if named), None)
            above.append((block.level, canonical))
            if canonical or parent is None or name != parent:
                name, heading, start = canonical or parent or plain_heading(block.text), plain_heading(block.text), -1
            elif start < 0:
                start = offset
        elif start < 0:
            start = offset
        if start >= 0:
            end = offset + len(block.text)
            if sections and sections[-1].start == start:
                sections.pop()
            sections.append(Section(name, heading, start, end))
        parts.append(block.text)
        offset += len(block.text) + 2
    return "\n\n".join(parts) + "\n", tuple(sections)
