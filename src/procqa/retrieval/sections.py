"""Which section a question asks for: by its wording, by the section's name, and by asking for nothing but a title."""

from __future__ import annotations

import math

import numpy as np

from procqa.embedding.encoder import FloatArray
from procqa.index.dense import Rows
from procqa.index.snapshot import Snapshot
from procqa.retrieval.names import Names

# Sections that say what a procedure is.
OPENINGS = frozenset({"Summary", "Introduction"})


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
        self._words: dict[int, frozenset[str]] = {}  # of a section by its number: the words of its name

    def scores(self, focus: str, vector: FloatArray, rows: Rows) -> dict[str, FloatArray]:
        """How much each passage's section is the one that is asked for, (rows,); `vector` is that of the focus.

        `section` is the log probability by the question's wording, `heading` the share of the words of the section's
        name that are said.
        `bare` is 1 for the opening of a page of whose title the focus is nothing but words: "what is X?", or "X".
        """
        snapshot = self._snapshot
        numbers = snapshot.section_of.numbers[rows]
        pages, place = np.unique(snapshot.document_of[rows], return_inverse=True)
        words = snapshot.lexical.content_terms(focus)
        bare = np.array([words <= self._names.terms(page) for page in pages.tolist()], dtype=bool)
        sections, section = np.unique(numbers, return_inverse=True)
        names = [self._words_of(number) for number in sections.tolist()]
        said = np.array([len(name & words) / max(len(name), 1) for name in names], dtype=np.float32)
        return {
            "section": self._routes(vector)[self._routed[numbers]],
            "heading": said[section],
            "bare": (bare[place] & self._opens[numbers]).astype(np.float32),
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
