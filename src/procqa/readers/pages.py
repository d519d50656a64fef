"""What reading a corpus gives: pages, and files that were set aside with the reason."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from procqa.errors import ReadError
from procqa.readers.vocabulary import CANONICAL_SECTIONS
from procqa.types import Document, Section

# Names that say nothing of a page: its folder is the better title.
_NAMELESS = re.compile(r"(?:index|default|page|content|body|main(?:[-_ ]content)?|readme)(?:[-_ ]?\d+)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Removal:
    """A line that was taken out: its 1-based source line (for JSON Lines that of the record), the rule, the text."""

    line: int
    rule: str
    text: str


@dataclass(frozen=True, slots=True)
class Page:
    """A page that was read. `path` is relative to the corpus; `missing` are the canonical sections it does not have."""

    path: str
    document: Document
    removals: tuple[Removal, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SetAside:
    """A file, or a line of one, that could not be read: one sentence naming it and the reason."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Source:
    """A file to read: where it is, its posix path below the corpus, and the name its page goes by."""

    path: Path
    relative: str
    doc_id: str

    @property
    def fallback_title(self) -> str:
        """A title for a page that states none: its file name in words, or its folder's when that says nothing."""
        parts = [part for part in self.doc_id.split("/") if part]
        if len(parts) > 1 and _NAMELESS.fullmatch(parts[-1]):
            parts.pop()
        words = re.sub(r"[-_\s]+", " ", parts[-1] if parts else self.relative).strip()
        return words[:1].upper() + words[1:]


@dataclass(frozen=True, slots=True)
class Draft:
    """A page's content before it has an identity; what every format is turned into."""

    title: str
    text: str
    sections: tuple[Section, ...]
    removals: tuple[Removal, ...] = ()
    aliases: tuple[str, ...] = ()


def finish(draft: Draft, source: Source, metadata: Mapping[str, Any], doc_id: str | None = None) -> Page:
    """The Page of a draft; a ReadError when nothing is left that could be quoted."""
    if not draft.sections:
        raise ReadError("no text is left after headings and boilerplate are taken out")
    title = draft.title or source.fallback_title
    aliases = merge_names(_names(metadata.get("aliases")), _names(metadata.get("synonyms")), draft.aliases, title=title)
    fields = {key: value for key, value in metadata.items() if key != "synonyms"}
    document = Document(
        doc_id=source.doc_id if doc_id is None else doc_id,
        title=title,
        text=draft.text,
        sections=draft.sections,
        sha256=hashlib.sha256(draft.text.encode("utf-8")).hexdigest(),
        metadata={**fields, "aliases": aliases, "source_path": source.relative},
    )
    present = {section.name for section in draft.sections}
    missing = tuple(name for name in CANONICAL_SECTIONS if name not in present)
    return Page(source.relative, document, draft.removals, missing)


def merge_names(*groups: Iterable[str], title: str) -> list[str]:
    """All names once, in order of first mention, without the title itself; case does not tell names apart."""
    seen = {title.casefold()}
    merged = []
    for name in (name for group in groups for name in group):
        if name.casefold() not in seen:
            seen.add(name.casefold())
            merged.append(name)
    return merged


def _names(value: object) -> Sequence[str]:
    """The names in a metadata field, whatever its shape: a list, one string with commas or semicolons, nothing."""
    if isinstance(value, str):
        value = re.split(r"[;,]", value)
    if not isinstance(value, list):
        return []
    return [name for item in value if isinstance(item, (str, int, float)) and (name := " ".join(str(item).split()))]
