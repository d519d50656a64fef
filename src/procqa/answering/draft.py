"""From found passages to what could be said: the words of a section of a page, and the evidence that they are right."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from procqa.answering.choose import Chosen, SectionLine, choose_lines
from procqa.answering.decide import Evidence, equally_good
from procqa.answering.reading import read_passage
from procqa.index.snapshot import Snapshot
from procqa.retrieval import Found, Query
from procqa.types import Document

# Pages that a question may be asked back about.
MOST_OPTIONS = 3
# The margin where there is no other page or section to choose.
NO_RIVAL = 0.1


class Drafter:
    """Drafts answers from one snapshot. A "place" is a position in a `Found`, whose best passage is at 0."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    def pages(self, found: Found) -> list[int]:
        """The place of the best passage of each page that fits as well as the best one, best first."""
        documents = self._snapshot.document_of[found.rows]
        _, first = np.unique(documents, return_index=True)
        places = np.sort(first)[:MOST_OPTIONS].tolist()
        titles = self._snapshot.titles[documents[places]]
        scores, named = found.scores[places].tolist(), found.signals["named"][places].tolist()
        count = equally_good(scores, named, (titles @ titles[0]).tolist())
        return [int(place) for place in places[:count]]

    def sections(self, found: Found, place: int) -> Iterator[int]:
        """The place of the best passage of each section of the page at a place, best first."""
        documents = self._snapshot.document_of[found.rows]
        seen = set()
        for other in np.flatnonzero(documents == documents[place]).tolist():
            section = self._snapshot.section_of[found.rows[other]]
            if section not in seen:
                seen.add(section)
                yield other

    def choose(self, query: Query, found: Found, place: int, confidence: float) -> Chosen:
        """The words that answer from the section at a place: all its passages are looked at."""
        store = self._snapshot.store
        documents = self._snapshot.document_of[found.rows]
        section = self._snapshot.section_of[found.rows[place]]
        lines: list[SectionLine] = []
        places = [
            other
            for other in np.flatnonzero(documents == documents[place]).tolist()
            if self._snapshot.section_of[found.rows[other]] == section
        ]
        passages = store.passages(found.rows[places])
        for other, passage in zip(places, passages, strict=True):
            text = store.text(passage)
            for scored in found.lines[other]:
                line = passage.lines[scored.number]
                words = text[line.start - passage.start : line.end - passage.start]
                lines.append(SectionLine(line, words, scored.score))
        lines.sort(key=lambda item: item.line.start)
        return Chosen(passages[0].doc_id, section, choose_lines(query.focus, lines), confidence)

    def evidence(self, query: Query, found: Found, place: int, page: Document) -> Evidence:
        """What speaks for an answer from the passage at a place, on this page."""
        rows, documents = found.rows, self._snapshot.document_of[found.rows]
        section = self._snapshot.section_of[rows[place]]
        score = float(found.scores[place])
        elsewhere = found.scores[documents != documents[place]]
        beside = [
            float(found.scores[other])
            for other in np.flatnonzero(documents == documents[place]).tolist()
            if self._snapshot.section_of[rows[other]] != section
        ]
        lexical = self._snapshot.lexical
        words = lexical.content_terms(query.context)
        held = words.intersection(lexical.terms(f"{page.title} {page.text}"))
        signal = {name: float(values[place]) for name, values in found.signals.items()}
        return Evidence(
            line=signal["line"],
            page=signal["page"],
            title=signal["title"],
            dense=signal["dense"],
            bm25=signal["bm25"],
            section=signal["section"],
            named=signal["named"],
            weakest=signal["weakest"],
            page_margin=score - float(elsewhere.max()) if len(elsewhere) else NO_RIVAL,
            section_margin=score - max(beside) if beside else NO_RIVAL,
            explained=len(held) / len(words) if words else 0.0,
            **self._verdict(query, found, place),
        )

    def _verdict(self, query: Query, found: Found, place: int) -> dict[str, float]:
        """What the reader says of the passage at a place; nothing when there is none."""
        if self._snapshot.reader is None:
            return {}
        store = self._snapshot.store
        (passage,) = store.passages(found.rows[place : place + 1])
        verdict = read_passage(self._snapshot.reader, query, passage, store.text(passage))
        best = max(found.lines[place], key=lambda line: line.score)
        return {
            "same_page": verdict.same_page,
            "right_section": verdict.right_section,
            "answered": verdict.answered,
            "mark": float(verdict.lines.max()),
            "best_mark": float(verdict.lines[best.number]),
        }
