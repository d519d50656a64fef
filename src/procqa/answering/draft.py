"""From found passages to what could be said: the words of a section of a page, and the evidence that they are right."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from procqa.answering.choose import Chosen, SectionLine, asks_for_all, choose_lines
from procqa.answering.clauses import clauses
from procqa.answering.confidence import MOST_FOREIGN, MOST_UNSEEN, SURE_NAME, Evidence
from procqa.answering.decide import ALIKE_TITLES, equally_good, names_none
from procqa.answering.reading import read_passage
from procqa.embedding.encoder import FloatArray
from procqa.index.snapshot import Snapshot
from procqa.index.spelling import operations
from procqa.passages import embedded_prefix
from procqa.retrieval import NAMES_ONE, Found, Query, turning
from procqa.retrieval.interaction import token_weights
from procqa.types import Passage

Chooser = Callable[[float, Sequence[SectionLine]], tuple[SectionLine, ...]]

# Pages that a question may be asked back about.
MOST_OPTIONS = 3
# The margins where there is no other page, or section, to choose: the medians of right answers of dev that had rivals.
NO_OTHER_PAGE, NO_OTHER_SECTION = 0.45, 0.1
NO_OTHER_ALONE, NO_OTHER_CONTINUES = -0.04, 0.03
# A page whose score is less than the best one's by this counts as a third of a rival.
NEAR_RIVAL = 0.1
# A clause answers without the rest of its sentence when it fits the question by so much better than the others.
CLEARLY = 0.12


class Drafter:
    """Drafts answers from one snapshot. A "place" is a position in a `Found`, whose best passage is at 0."""

    def __init__(self, snapshot: Snapshot, chooser: Chooser = choose_lines, *, narrow: bool = True) -> None:
        """With `narrow` the answer may be one clause of a line."""
        self._snapshot = snapshot
        self._chooser = chooser
        self._narrow = narrow

    def best_of_pages(self, found: Found) -> list[int]:
        """The place of the best passage of each page, best first."""
        _, first = np.unique(self._snapshot.document_of[found.rows], return_index=True)
        return [int(place) for place in np.sort(first)]

    def pages(self, query: Query, found: Found) -> list[int]:
        """The place of the best passage of each page that fits as well as any, the one to answer from first."""
        every = self.best_of_pages(found)
        places = every[:MOST_OPTIONS]
        if not query.said_before and self._names_none(query, found, every):
            return places
        titles = self._snapshot.titles[self._snapshot.document_of[found.rows[places]]]
        named, called = (found.signals[name][places].tolist() for name in ("named", "called"))
        return places[: equally_good(found.scores[places].tolist(), named, called, (titles @ titles[0]).tolist())]

    def _names_none(self, query: Query, found: Found, places: Sequence[int]) -> bool:
        """Whether the question could be about any page; a word that no page has may name what no page is about."""
        lexical, signals = self._snapshot.lexical, found.signals
        return names_none(signals["called"][places].tolist(), signals["weakest"][places].tolist()) and all(
            lexical.frequency(word) for word in lexical.content_terms(query.context)
        )

    def doc_id(self, found: Found, place: int) -> str:
        """The page of the passage at a place."""
        (passage,) = self._snapshot.store.passages(found.rows[place : place + 1])
        return passage.doc_id

    def twins(self, found: Found) -> list[int]:
        """The best passages of the best page and of those whose titles are much like its own, or nothing."""
        places = self.best_of_pages(found)[: 2 * MOST_OPTIONS]
        titles = self._snapshot.titles[self._snapshot.document_of[found.rows[places]]]
        alike = np.flatnonzero(titles @ titles[0] >= ALIKE_TITLES)[:MOST_OPTIONS].tolist()
        return [places[number] for number in alike] if len(alike) > 1 else []

    def sections(self, found: Found, place: int) -> Iterator[int]:
        """The place of the best passage of each section of the page at a place, best first."""
        documents = self._snapshot.document_of[found.rows]
        seen = set()
        for other in np.flatnonzero(documents == documents[place]).tolist():
            section = self._snapshot.section_of[found.rows[other]]
            if section not in seen:
                seen.add(section)
                yield other

    def choose(
        self, query: Query, found: Found, place: int, confidence: float, chooser: Chooser | None = None
    ) -> Chosen:
        """The words that answer from the section at a place: all its passages are looked at."""
        (passage,) = self._snapshot.store.passages(found.rows[place : place + 1])
        documents = self._snapshot.document_of[found.rows]
        section = self._snapshot.section_of[found.rows[place]]
        places = [
            other
            for other in np.flatnonzero(documents == documents[place]).tolist()
            if self._snapshot.section_of[found.rows[other]] == section
        ]
        heads = self._snapshot.heads
        told = heads.read(found.focus.vector).whole if heads else 0.0
        headed, bare = (float(found.signals[name][place]) for name in ("heading", "bare"))
        asked = asks_for_all(query.focus, told, headed, bool(bare))
        chosen = (chooser or self._chooser)(asked, self.lines(found, places))
        if self._narrow and len(chosen) == 1:
            chosen = (self._narrowed(query, found, passage, chosen[0]),)
        return Chosen(passage.doc_id, section, chosen, confidence)

    def _narrowed(self, query: Query, found: Found, passage: Passage, line: SectionLine) -> SectionLine:
        """The one clause of a line that fits the question by much the best, or the line."""
        pieces = clauses(line.text)
        if len(pieces) == 1:
            return line
        encoder = self._snapshot.encoder
        about = embedded_prefix(passage.title, passage.heading or passage.section, encoder)
        encoded = encoder.encode_documents([about + line.text[start:end] for start, end in pieces])
        weights = token_weights(query.focus, found.focus)
        scores = [float(weights @ (found.focus.tokens @ clause.tokens.T).max(axis=1)) for clause in encoded]
        best, second = sorted(scores, reverse=True)[:2]
        if best - second < CLEARLY:
            return line
        start, end = pieces[scores.index(best)]
        place = replace(line.line, start=line.line.start + start, end=line.line.start + end)
        return replace(line, line=place, text=line.text[start:end])

    def lines(self, found: Found, places: Sequence[int]) -> list[SectionLine]:
        """The lines of the passages at some places of one page, in page order."""
        store = self._snapshot.store
        lines: list[SectionLine] = []
        passages = store.passages(found.rows[list(places)])
        page = store.document(passages[0].doc_id) if passages else None
        for other, passage in zip(places, passages, strict=True):
            assert page is not None, "a passage is one of a stored page"
            for scored in found.lines[other]:
                line = passage.lines[scored.number]
                lines.append(SectionLine(line, page.text[line.start : line.end], scored.score))
        return sorted(lines, key=lambda item: item.line.start)

    def evidence(self, query: Query, found: Found, place: int, together: Sequence[int] = ()) -> Evidence:
        """What speaks for an answer from the passage at a place.

        Pages at the places `together` are asked about with it: they are no rivals, and between them they are named.
        """
        rows, documents = found.rows, self._snapshot.document_of[found.rows]
        section = self._snapshot.section_of[rows[place]]
        score = float(found.scores[place])
        asked = set(documents[[place, *together]].tolist())
        others = [other for other in self.best_of_pages(found) if int(documents[other]) not in asked]
        of_page = np.flatnonzero(documents == documents[place]).tolist()
        beside = [other for other in of_page if self._snapshot.section_of[rows[other]] != section]
        lexical = self._snapshot.lexical
        words = lexical.content_terms(query.context)
        page = self._snapshot.store.document(self.doc_id(found, place))
        assert page is not None, "a passage is one of a stored page"
        terms = set(lexical.terms(f"{page.title} {page.text}"))
        held = words & terms
        foreign = [word for word in operations(query.context) if not terms.issuperset(lexical.terms(word))]
        signal = {name: float(values[place]) for name, values in found.signals.items()}
        return Evidence(
            line=signal["line"],
            page=signal["page"],
            title=signal["title"],
            dense=signal["dense"],
            bm25=signal["bm25"],
            section=signal["section"],
            named=min(1.0, sum(float(found.signals["named"][other]) for other in together) or signal["named"]),
            weakest=signal["weakest"],
            page_margin=_margin(found.scores, place, others, NO_OTHER_PAGE),
            section_margin=_margin(found.scores, place, beside, NO_OTHER_SECTION),
            explained=len(held) / len(words) if words else 0.0,
            called=signal["called"],
            unseen=float(min(MOST_UNSEEN, sum(not lexical.frequency(word) for word in words - held))),
            foreign=float(min(MOST_FOREIGN, len(set(foreign)))),
            evenly=signal["evenly"],
            surely=signal["surely"],
            rivals=math.log1p(sum(math.exp(min(0.0, of - score) / NEAR_RIVAL) for of in found.scores[others].tolist())),
            **self._history(query, found, place, others),
            **self._wording(found, signal["called"]),
            **self._verdict(query, found, place),
        )

    @staticmethod
    def _history(query: Query, found: Found, place: int, others: Sequence[int]) -> dict[str, float]:
        """What was said before tells of the passage at a place, beside other pages; nothing for a first one."""
        if not query.earlier:
            return {}
        signals = found.signals
        return {
            "follows": 1.0,
            "turns": turning(query),
            "weakest_before": float(signals["weakest_before"][place]),
            "left": float(signals["left"][place]),
            "alone_margin": _margin(signals["alone"], place, others, NO_OTHER_ALONE),
            "continues_margin": _margin(signals["continues"], place, others, NO_OTHER_CONTINUES),
        }

    def _wording(self, found: Found, called: float) -> dict[str, float]:
        """What the wording alone tells, beside how far the page is called; nothing where the encoder has no heads."""
        heads = self._snapshot.heads
        if heads is None:
            return {}
        names = max(-SURE_NAME, min(SURE_NAME, heads.read(found.context.vector).named))
        named = 1 / (1 + math.exp(-names))
        return {
            "told": heads.read(found.focus.vector).told,
            "names": names,
            "uncalled": named * (1 - called),
            "misnamed": named * (called < NAMES_ONE),
        }

    def _verdict(self, query: Query, found: Found, place: int) -> dict[str, float]:
        """What the reader says of the passage at a place; nothing when there is none."""
        if self._snapshot.reader is None:
            return {}
        store = self._snapshot.store
        (passage,) = store.passages(found.rows[place : place + 1])
        verdict = read_passage(self._snapshot.reader, query, passage, store.text(passage))
        best = max(found.lines[place], key=lambda line: line.score)
        odds = {
            "same_page": verdict.same_page,
            "right_section": verdict.right_section,
            "answered": verdict.answered,
            "mark": float(verdict.lines.max()),
            "best_mark": float(verdict.lines[best.number]),
        }
        return {**odds, "least": min(odds.values())}


def _margin(values: FloatArray, place: int, others: Sequence[int], no_other: float) -> float:
    """How much more the value at a place is than the greatest of others; `no_other` where there are none."""
    return float(values[place]) - float(values[list(others)].max()) if others else no_other
