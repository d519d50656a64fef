"""Gold questions: what is asked, and which words of which pages answer it."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

from procqa.errors import GoldError
from procqa.evaluation.records import GoldSpan, SectionRef
from procqa.types import Document

RETRIEVAL_TAG = "retrieval"  # a question whose labels name sections only: its words are not scored
# Kinds of questions without an answer: such as are about no page, and such as are about one that does not tell it.
NO_PAGE, NOT_ON_THE_PAGE = ("off_domain", "not_in_corpus"), ("not_stated", "sibling")
UNANSWERABLE_KINDS = NO_PAGE + NOT_ON_THE_PAGE
FAMILIES_FILE = "families.json"

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class GoldItem:
    """One question with its labels; `answers` lists the acceptable answers, each as the quotes that make it.

    `about` is the doc_id of the page that a question without an answer is clearly about, where there is one.
    """

    id: str
    question: str
    history: tuple[str, ...]
    relevant: tuple[SectionRef, ...]
    answers: tuple[tuple[str, ...], ...]
    unanswerable: str | None
    tags: tuple[str, ...]
    family: str | None = None
    about: str | None = None


@dataclass(frozen=True, slots=True)
class Gold:
    """A gold file. `families` has the pages of each family of look-alike procedures."""

    name: str
    sha256: str
    items: tuple[GoldItem, ...]
    families: Mapping[str, tuple[str, ...]]

    def twins(self, item: GoldItem) -> tuple[str, ...] | None:
        """Pages of the relevant pages' families that are not relevant; None when no family is known."""
        relevant = {place.doc_id for place in item.relevant}
        of_item = [pages for pages in self.families.values() if relevant.intersection(pages)]
        return tuple(sorted(set().union(*of_item) - relevant)) if of_item else None

    def family(self, item: GoldItem) -> str | None:
        """The family a question is about: its own label, or that of its relevant pages when they share one."""
        relevant = {place.doc_id for place in item.relevant}
        of_pages = [name for name, pages in self.families.items() if relevant.intersection(pages)]
        return item.family or (of_pages[0] if len(of_pages) == 1 else None)


class Pages(Protocol):
    """Where the pages are: an Engine, a store, or a running service."""

    def document(self, doc_id: str) -> Document | None:
        """One page, or None when there is none of that id."""


def load_gold(path: Path) -> Gold:
    """Read a gold file, and the families in families.json beside it when there is one.

    A page also belongs to the family that a question about it names. Raises GoldError with every bad line.
    """
    content, items = read_items(path, "gold file", _item)
    name = path.name if path.is_absolute() else path.as_posix()
    return Gold(name, hashlib.sha256(content).hexdigest(), tuple(items), _families(path.parent, items))


def read_items(path: Path, what: str, parse: Callable[[Any], Item]) -> tuple[bytes, list[Item]]:
    """The content of a file with one JSON object a line, and what `parse` makes of each; blank lines are skipped.

    `what` names the kind of file in errors. Raises GoldError with every line that `parse` refuses by ValueError.
    """
    try:
        content = path.read_bytes()
        lines = content.decode("utf-8").split("\n")
    except OSError as error:
        raise GoldError(f"The {what} {path} cannot be read ({error.strerror}); check its name.") from None
    except UnicodeDecodeError:
        raise GoldError(f"The {what} {path} is not UTF-8; save it as UTF-8.") from None
    items, bad = [], []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            items.append(parse(json.loads(line)))
        except ValueError as error:
            bad.append(f"line {number}: {error}")
    if bad:
        raise GoldError(f"Mend these lines of the {what} {path.name}:\n" + "\n".join(bad))
    if not items:
        raise GoldError(f"The {what} {path.name} holds no questions; write one JSON object a line.")
    return content, items


def check_gold(gold: Gold, pages: Pages) -> list[str]:
    """What does not fit the pages, a sentence each: unknown pages and sections, quotes not there, ids given twice."""
    problems = [f"{name}: this id is given {count} times" for name, count in _ids(gold).items() if count > 1]
    for item in gold.items:
        for place in item.relevant:
            page = pages.document(place.doc_id)
            if page is None:
                problems.append(f"{item.id}: there is no page {place.doc_id}")
            elif place.section not in {section.name for section in page.sections}:
                problems.append(f"{item.id}: {place.doc_id} has no section {place.section}")
        for answer, places in zip(item.answers, locate(item, pages), strict=True):
            problems += [
                f"{item.id}: the quote is not in the relevant sections: {quote!r}"
                for quote, found in zip(answer, places, strict=True)
                if not found
            ]
    return problems


def locate(item: GoldItem, pages: Pages) -> tuple[tuple[tuple[GoldSpan, ...], ...], ...]:
    """For each quote of each acceptable answer, every place where it stands in the relevant sections."""
    bodies = []
    for doc_id in dict.fromkeys(place.doc_id for place in item.relevant):
        page = pages.document(doc_id)
        wanted = {place.section for place in item.relevant if place.doc_id == doc_id}
        if page is not None:
            bodies += [(doc_id, s.start, page.text[s.start : s.end]) for s in page.sections if s.name in wanted]
    return tuple(tuple(_places(quote, bodies) for quote in answer) for answer in item.answers)


def _places(quote: str, bodies: list[tuple[str, int, str]]) -> tuple[GoldSpan, ...]:
    found = []
    for doc_id, start, text in bodies:
        at = text.find(quote)
        while at >= 0:
            found.append(GoldSpan(doc_id, start + at, start + at + len(quote)))
            at = text.find(quote, at + len(quote))
    return tuple(found)


def _ids(gold: Gold) -> Counter[str]:
    return Counter(item.id for item in gold.items)


def _families(folder: Path, items: list[GoldItem]) -> dict[str, tuple[str, ...]]:
    families: dict[str, set[str]] = {}
    path = folder / FAMILIES_FILE
    if path.is_file():
        try:
            stored = json.loads(path.read_text(encoding="utf-8"))
            families = {name: set(_texts(stored, name)) for name in stored}
        except (OSError, ValueError, TypeError, AttributeError):
            raise GoldError(f'{FAMILIES_FILE} must be {{"family": ["doc_id", ...]}} in UTF-8; mend it.') from None
    for item in items:
        if item.family:
            families.setdefault(item.family, set()).update(place.doc_id for place in item.relevant)
    return {name: tuple(sorted(pages)) for name, pages in sorted(families.items())}


def _item(values: Any) -> GoldItem:
    """One line as a GoldItem; raises ValueError with what is wrong with it."""
    if not isinstance(values, dict):
        raise ValueError("this is not a JSON object")  # noqa: TRY004 - one kind of error for a bad line
    kind, answers = values.get("unanswerable"), values.get("answers")
    if kind is not None and kind not in UNANSWERABLE_KINDS:
        raise ValueError(f"unanswerable must be null or one of {', '.join(UNANSWERABLE_KINDS)}")
    if not isinstance(answers, list) or not all(answers):
        raise ValueError("answers must be a list of lists of quotes")
    labels = {name: values.get(name) for name in ("family", "about")}
    for name, label in labels.items():
        if label is not None and not isinstance(label, str):
            raise ValueError(f"{name} must be a string")
    item = GoldItem(
        id=_text(values, "id"),
        question=_text(values, "question"),
        history=_texts(values, "history"),
        relevant=_relevant(values.get("relevant")),
        answers=tuple(_texts({"answers": answer}, "answers") for answer in answers),
        unanswerable=kind,
        tags=_texts(values, "tags"),
        **labels,
    )
    if kind is None and not (item.relevant and (item.answers or RETRIEVAL_TAG in item.tags)):
        raise ValueError(
            f"an answerable question needs relevant sections, and answers unless it is tagged {RETRIEVAL_TAG}"
        )
    if kind is not None and (item.answers or item.relevant):
        raise ValueError("an unanswerable question has empty relevant and answers")
    return item


def _relevant(values: Any) -> tuple[SectionRef, ...]:
    if not isinstance(values, list) or not all(isinstance(place, dict) for place in values):
        raise ValueError("relevant must be a list of objects with doc_id and section")
    return tuple(SectionRef(_text(place, "doc_id"), _text(place, "section")) for place in values)


def _text(values: Mapping[str, Any], name: str) -> str:
    text = values.get(name)
    if not isinstance(text, str) or not text.strip():
        raise ValueError(f"{name} must be a string that is not empty")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise ValueError(f"{name} holds half a character (a lone surrogate)") from None
    return text


def _texts(values: Mapping[str, Any], name: str) -> tuple[str, ...]:
    texts = values.get(name, [])
    if not isinstance(texts, list):
        raise ValueError(f"{name} must be a list of strings")  # noqa: TRY004 - one kind of error for a bad line
    return tuple(_text({name: text}, name) for text in texts)
