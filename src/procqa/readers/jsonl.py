"""JSON Lines -> Documents: one record a line, read as a stream, field names taken as people write them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from procqa.errors import ReadError
from procqa.readers.blocks import Block, draft_of_blocks
from procqa.readers.decoding import MAX_BYTES, clean, decode
from procqa.readers.front_matter import plain_value
from procqa.readers.pages import Draft, Page, SetAside, Source, finish
from procqa.readers.text import draft_of_text

_ID = ("doc_id", "id", "_id")
_TITLE = ("title", "name")
_TEXT = ("text", "body", "contents", "content")
_HEADING = ("heading", "section", "name", "title")
_BODY = ("text", "body", "content", "contents")


def read_jsonl(source: Source) -> Iterator[Page | SetAside]:
    """A page for each line that holds one; a line that does not is set aside, and the others are read on."""
    number = records = 0
    try:
        with source.path.open("rb") as file:
            while line := file.readline(MAX_BYTES + 1):
                number += 1
                if len(line) > MAX_BYTES:
                    yield _set_aside(source, number, f"the record has more than {MAX_BYTES:,} bytes")
                    while line and not line.endswith(b"\n"):
                        line = file.readline(MAX_BYTES)
                    records += 1
                elif line.strip():
                    records += 1
                    yield _page_or_reason(line, number, source)
    except OSError as error:
        raise ReadError(f"it cannot be read: {error.strerror or error}") from error
    if records == 0:
        raise ReadError("it is empty")


def _page_or_reason(line: bytes, number: int, source: Source) -> Page | SetAside:
    try:
        return _page(_record(line), number, source)
    except ReadError as error:
        return _set_aside(source, number, str(error))


def _set_aside(source: Source, number: int, reason: str) -> SetAside:
    return SetAside(source.relative, f"{source.relative}, line {number}: {reason}.")


def _record(line: bytes) -> dict[str, Any]:
    try:
        record = json.loads(decode(line))
    except (ValueError, RecursionError) as error:
        raise ReadError(f"it is not JSON ({str(error) or 'nested too deep'})") from error
    if not isinstance(record, dict):
        raise ReadError("the record is not an object {...}")
    return record


def _page(record: dict[str, Any], number: int, source: Source) -> Page:
    record = plain_value(record)
    doc_id = _doc_id(record) or f"{source.doc_id}/{number}"
    title = " ".join(clean(_first(record, _TITLE)).split())
    own = replace(source, doc_id=doc_id)
    sections = record.get("sections")
    if sections:
        draft = draft_of_blocks(list(_blocks(sections, number)), title, own.fallback_title)
    else:
        text = clean(_first(record, _TEXT))
        if not text.strip():
            raise ReadError("the record has neither sections nor a text")
        draft = _draft_of_record_text(text, title, own.fallback_title)
    if title:
        draft = replace(draft, title=title)
    draft = replace(draft, removals=tuple(replace(removal, line=number) for removal in draft.removals))
    extra = record.get("metadata")
    used = {*_ID, *_TEXT, "sections", "metadata"}
    fields = {key: value for key, value in record.items() if key not in used}
    return finish(draft, own, {**(extra if isinstance(extra, dict) else {}), **fields})


def _draft_of_record_text(text: str, title: str, fallback_title: str) -> Draft:
    """As a plain text page; without headings, the whole text is the introduction."""
    draft = draft_of_text(text, fallback_title)
    if any(section.heading for section in draft.sections):
        return draft
    return draft_of_blocks([Block(text, 1)], title, fallback_title)


def _doc_id(record: Mapping[str, Any]) -> str:
    for key in _ID:
        value = record.get(key)
        if isinstance(value, (str, int)) and not isinstance(value, bool) and str(value).strip():
            doc_id = str(value)
            if doc_id != clean(doc_id) or "\n" in doc_id:
                raise ReadError("its id holds control characters")
            return doc_id
    return ""


def _first(record: Mapping[str, Any], names: tuple[str, ...]) -> str:
    return next((value for name in names if isinstance(value := record.get(name), str) and value.strip()), "")


def _blocks(sections: object, number: int) -> Iterator[Block]:
    """Sections as a list of objects, or as an object of heading -> text; a text may be a list of items."""
    pairs: list[tuple[str, object]] = []
    if isinstance(sections, dict):
        pairs = list(sections.items())
    elif isinstance(sections, list):
        for section in sections:
            if not isinstance(section, dict):
                raise ReadError("a section is not an object with a heading and a text")
            pairs.append((_first(section, _HEADING), next((section[key] for key in _BODY if section.get(key)), "")))
    else:
        raise ReadError("its sections are neither a list nor an object")
    for heading, body in pairs:
        if isinstance(body, list):
            body = "\n".join(f"- {item}" for item in body)
        if heading.strip():
            yield Block(" ".join(heading.split()), number, 2)
        if isinstance(body, str):
            yield Block(body, number)
