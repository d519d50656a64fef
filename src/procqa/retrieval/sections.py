"""Which section a question asks for: by its wording, by the section's name, and by asking for nothing but a title."""

from __future__ import annotations

import math
from collections.abc import Collection

import numpy as np

from procqa.embedding.encoder import FloatArray
from procqa.index.dense import Rows
from procqa.index.snapshot import Snapshot
from procqa.retrieval.names import Names

# Sections that say what a procedure is.
OPENINGS = frozenset({"Summary", "Introduction"})
# Words that ask for no less of a section beside its name: "X surgery risks", "how long does recovery from X take?"
USUAL = "the surgery, operation or procedure: how long does it take on average, how much time does it usually last"
# Letters of a stem that says a word of a section's name by beginning it.
STEM = 5


class Sections:
    """The sections of one snapshot."""

    def __init__(self, snapshot: Snapshot, names: Names) -> None:
        self._snapshot = snapshot
        self._names = names
        sections = snapshot.section_of.names
        known = {name: place for place, name in enumerate(snapshot.heads.sections)} if snapshot.heads else {}
        # Of each section by its number: its place among those that the heads know, the one after them for any other.
        self._routed = np.array([known.get(name, len(known)) for name in sections], dtype=np.int64)
        self._opens = np.array([name in OPENINGS for name in sections], dtype=bool)
        self._usual = frozenset(snapshot.lexical.content_terms(USUAL))
        self._words: dict[int, frozenset[str]] = {}  # of a section by its number: the words of its name

    def scores(self, focus: str, vector: FloatArray, rows: Rows) -> dict[str, FloatArray]:
        """How much each passage's section is the one that is asked for, (rows,); `vector` is that of the focus.

        `section` is the log probability by the question's wording, `heading` the share of the words of the section's
        name that are said. `bare` is 1 where the focus says nothing but words of the page's names and of the section's
        ("risks of X", "X recovery time"), or for an opening, of the page's names alone: "what is X?", or "X".
        """
        snapshot = self._snapshot
        numbers = snapshot.section_of.numbers[rows]
        pages, page = np.unique(snapshot.document_of[rows], return_inverse=True)
        words = snapshot.lexical.content_terms(focus)
        called = [self._names.terms(number) for number in pages.tolist()]
        sections, section = np.unique(numbers, return_inverse=True)
        heading = np.zeros(len(sections), dtype=np.float32)
        bare = np.zeros((len(pages), len(sections)), dtype=np.float32)
        for place, number in enumerate(sections.tolist()):
            name = self._words_of(number)
            said = _said(name, words)
            if said:
                heading[place] = min(1.0, len(said) / len(name))
            if said or self._opens[number]:
                rest = words - said - self._usual if said else words
                bare[:, place] = [rest <= names for names in called]
        return {
            "section": self._routes(vector)[self._routed[numbers]],
            "heading": heading[section],
            "bare": bare[page, section],
        }

    def _routes(self, vector: FloatArray) -> FloatArray:
        """The log probability that the heads give to each section they know, and last of any other: an even guess."""
        heads = self._snapshot.heads
        if heads is None:
            return np.zeros(1, dtype=np.float32)
        known = heads.read(vector).sections
        return np.array([*known.values(), -math.log(len(known))], dtype=np.float32)

    def _words_of(self, number: int) -> frozenset[str]:
        if number not in self._words:
            name = self._snapshot.section_of.names[number]
            self._words[number] = frozenset(self._snapshot.lexical.content_terms(name))
        return self._words[number]


def _said(name: frozenset[str], words: Collection[str]) -> frozenset[str]:
    """Those words that say one of a section's name, as stems: "to recover" says "recovery", too."""
    return frozenset(
        word for word in words if word in name or (len(word) >= STEM and any(part.startswith(word) for part in name))
    )
