"""Pages that are hard to tell apart: those with the same words, and those with almost the same title."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping, Set
from dataclasses import dataclass
from itertools import combinations

from procqa.types import Document

# Two pages are near duplicates when they share this part of the lines of the shorter one.
SHARED_LINES, FEWEST_LINES = 0.8, 3
# Two titles are twins when they share this part of all their words.
SHARED_WORDS = 0.4
# A line or word on more pages than this tells no two of them alike, and would cost the square of it.
_COMMON = 50
_SHORTEST_LINE = 25
_SMALL = frozenset("a an and by for in of on or the to with without".split())


@dataclass(frozen=True, slots=True)
class Pair:
    """Two pages, by doc_id, the part that they share, and the words that only one title has."""

    first: str
    second: str
    shared: float
    differ: str = ""


class Likeness:
    """Takes pages one after another; keeps their titles and hashes of their lines."""

    def __init__(self) -> None:
        self._titles: dict[str, frozenset[str]] = {}
        self._lines: dict[str, frozenset[int]] = {}

    def add(self, document: Document) -> None:
        """Note a page."""
        lines = (" ".join(line.split()).casefold() for line in document.text.splitlines())
        self._lines[document.doc_id] = frozenset(hash(line) for line in lines if len(line) >= _SHORTEST_LINE)
        self._titles[document.doc_id] = frozenset(re.findall(r"\w+", document.title.casefold())) - _SMALL

    def near_duplicates(self) -> list[Pair]:
        """Pages most of whose lines are the same, most alike first."""
        pairs = []
        for (first, second), count in _together(self._lines).items():
            fewest = min(len(self._lines[first]), len(self._lines[second]))
            if fewest >= FEWEST_LINES and count / fewest >= SHARED_LINES:
                pairs.append(Pair(first, second, count / fewest))
        return sorted(pairs, key=lambda pair: (-pair.shared, pair.first, pair.second))

    def same_titles(self) -> list[tuple[str, ...]]:
        """Groups of pages whose titles have the same words."""
        pages: dict[frozenset[str], list[str]] = defaultdict(list)
        for doc_id, words in self._titles.items():
            pages[words].append(doc_id)
        return [tuple(group) for group in pages.values() if len(group) > 1]

    def twins(self) -> list[Pair]:
        """Pages whose titles share most of their words, but not all, most alike first."""
        pairs = []
        for (first, second), count in _together(self._titles).items():
            ours, theirs = self._titles[first], self._titles[second]
            share = count / len(ours | theirs)
            if ours != theirs and share >= SHARED_WORDS:
                differ = f"{' '.join(sorted(ours - theirs)) or '-'} | {' '.join(sorted(theirs - ours)) or '-'}"
                pairs.append(Pair(first, second, share, differ))
        return sorted(pairs, key=lambda pair: (-pair.shared, pair.first, pair.second))


def _together(parts: Mapping[str, Set[Hashable]]) -> Counter[tuple[str, str]]:
    """How many parts each two pages share, of those that not too many pages have."""
    pages: dict[Hashable, list[str]] = defaultdict(list)
    for doc_id, own in parts.items():
        for part in own:
            pages[part].append(doc_id)
    listed: Iterable[list[str]] = (holders for holders in pages.values() if len(holders) <= _COMMON)
    return Counter(pair for holders in listed for pair in combinations(sorted(holders), 2))
