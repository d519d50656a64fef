"""Plain text -> Document: the title, the sections under heading lines, the boilerplate around them.

Two layouts occur: spaced (a blank line around every block) and tight (none at all). The text is kept character for
character; only whole boilerplate lines leave it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from procqa.errors import ReadError
from procqa.readers.boilerplate import Part, sweep
from procqa.readers.decoding import check_lines, decode, load
from procqa.readers.headings import is_name_heading, plain_heading
from procqa.readers.pages import Draft, Page, Removal, Source, finish
from procqa.readers.plain_headings import canonical_lines, own_headings
from procqa.types import Section

INTRODUCTION = "Introduction"

# A site may cut the title that it prints above the page; so long a line is a code book's wording, not another name.
_SHORTEST_CUT = 200
_LONGEST_TITLE = 300
_NAME_LINE = re.compile(r"[#*\s]*([^:]{4,40}):[*\s]*(\S.*)")


def read_text(source: Source) -> Iterator[Page]:
    """The page of a .txt file; one without any heading is refused, since nothing tells its text from debris."""
    draft = draft_of_text(decode(load(source.path)), source.fallback_title)
    if not any(section.heading for section in draft.sections):
        raise ReadError("no sections: it has no heading line such as Summary or Recovery")
    yield finish(draft, source, {})


def draft_of_text(text: str, fallback_title: str) -> Draft:
    """Title, sections and removals of plain text; no sections when only headings and boilerplate are left."""
    check_lines(text)
    lines = text.split("\n")
    known = canonical_lines(lines)
    name_line = next((i for i, line in enumerate(lines) if _is_name_line(line)), None)
    marks = {*known, name_line}
    removed = sweep([Part(line, is_canonical=index in marks) for index, line in enumerate(lines)])
    left = [index for index, line in enumerate(lines) if line.strip() and index not in removed]
    title, title_lines = _title(lines, left, known, name_line)
    aliases = _printed_above(lines, left, known, name_line, title, removed)
    title = title or fallback_title

    kept = [index for index in range(len(lines)) if index not in removed]
    headings = dict.fromkeys(title_lines, "")
    headings |= {index: name for index, name in canonical_lines(lines, title).items() if index not in headings}
    headings |= own_headings(lines, kept, headings)
    headings = {index: name for index, name in headings.items() if index not in removed}
    removals = tuple(Removal(index + 1, rule, lines[index].strip()) for index, rule in sorted(removed.items()))
    body, sections = _lay_out(lines, kept, headings)
    return Draft(title, body, sections, removals, aliases)


def _is_name_line(line: str) -> bool:
    """A name heading alone, or with the name behind its colon."""
    if len(line) > _LONGEST_TITLE + 40:
        return False
    inline = _NAME_LINE.fullmatch(line)
    return is_name_heading(inline[1]) if inline else is_name_heading(line)


def _title(lines: list[str], left: list[int], known: dict[int, str], name_line: int | None) -> tuple[str, list[int]]:
    """The page's title, and the indexes of the lines that give it."""
    if name_line is not None:
        inline = _NAME_LINE.fullmatch(lines[name_line])
        if inline:
            return plain_heading(inline[2]), [name_line]
        below = next((index for index in left if index > name_line), None)
        if below is not None and below not in known:
            return plain_heading(lines[below]), [name_line, below]
    first = left[0] if left else None
    if first is None or first in known or first == name_line:
        return "", [] if name_line is None else [name_line]
    line = lines[first].strip()
    if not _could_be_title(line):
        return "", []
    return plain_heading(line), [first]


def _printed_above(
    lines: list[str], left: list[int], known: dict[int, str], name_line: int | None, title: str, removed: dict[int, str]
) -> tuple[str, ...]:
    """Take the first line out when it repeats, cuts or rewords the name given below; another wording is an alias."""
    first = left[0] if left else None
    if name_line is None or not title or first is None or first >= name_line or first in known:
        return ()
    line = lines[first].strip()
    printed, full = _letters(line), _letters(title)
    is_cut = len(line) >= _SHORTEST_CUT
    if printed != full and not is_cut and not _could_be_title(line):
        return ()
    removed[first] = "title-line"
    return () if printed == full or is_cut else (plain_heading(line),)


def _could_be_title(line: str) -> bool:
    """Whether a line is no paragraph: a title does not end as a sentence does."""
    return len(line) <= _LONGEST_TITLE and not line.endswith((".", "!", "?", ":", ";", ","))


def _letters(text: str) -> str:
    return "".join(char for char in text.casefold() if char.isalnum())


def _lay_out(lines: list[str], kept: list[int], headings: dict[int, str]) -> tuple[str, tuple[Section, ...]]:
    """The kept lines as one text, and a section for what stands between one heading and the next."""
    text = "\n".join(lines[index] for index in kept)
    sections: list[Section] = []
    name, heading, start, offset = INTRODUCTION, "", 0, 0

    def close(end: int) -> None:
        body = text[start:end]
        if body.strip():
            begin = start + len(body) - len(body.lstrip())
            sections.append(Section(name, heading, begin, begin + len(body.strip())))

    for index in kept:
        if index in headings:
            close(offset)
            start = offset + len(lines[index])
            heading = plain_heading(lines[index]) if headings[index] else ""
            name = headings[index] or INTRODUCTION
        offset += len(lines[index]) + 1
    close(len(text))
    return text, tuple(sections)
