"""Which of the proposed pages a question names: the words of its titles and aliases that tell it from its twins.

Near twins share most of their title, and an encoder sees "single chamber" and "dual chamber" as much the same. So the
words that few of the proposed titles hold count most, and lay words count as their clinical ones (synonyms.txt).
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from importlib import resources
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from procqa.embedding.encoder import FloatArray
from procqa.index.lexical import LexicalIndex

# Words that every procedure answers to: that one page's title has them tells nothing.
_GENERIC = "surgery surgical operation op procedure treatment therapy removal patient hospital day time"
# A piece of a question names a page that holds at least half of its words, and (squared) this share of what they tell.
_WORDS_HELD, _NAMES_IT = 0.5, 0.8
# A text that says half of the words of a page's name calls it by that (squared, as `Names.scores` tells it).
NAMES_ONE = 0.25
# What stands between the names of several procedures, and what only says that there are several.
_BETWEEN = re.compile(
    r"[,;:/()?+]|\s[-–—]\s|\b(?:vs?|versus|against|compar\w+|opposed|differ\w*|or|and|then|before|after|for|each|both|"
    r"all|ones?|two|three|four)\b",
    re.IGNORECASE,
)


# The words of a text as they stand in it; a name may have more between them.
_WORDS = re.compile(r"[^\W_]+")
# What a title adds in brackets: "Total Knee Replacement (Total Knee Arthroplasty)" has three names.
_IN_BRACKETS = re.compile(r"\s*\(([^)]*)\)")


class Naming(NamedTuple):
    """How far each of some pages is the one that is named, in three ways to tell (`Names.scores`), (pages,)."""

    named: FloatArray
    called: FloatArray
    literal: FloatArray


class _PageNames(NamedTuple):
    """A page's names: the content words of each, those that are one word in capitals, and others as phrases."""

    words: tuple[frozenset[str], ...]
    capitals: frozenset[str]
    phrases: frozenset[str]


class Names:
    """The words of every page's title, aliases and codes."""

    def __init__(self, lexical: LexicalIndex, names: Callable[[int], Sequence[str]]) -> None:
        """`names(p)` are the title, aliases and codes of page p; only those of pages that are looked at are read."""
        self._lexical = lexical
        self._names = names
        self._known: dict[int, _PageNames] = {}
        self._groups = _synonyms(lexical)
        self._groups_of: dict[str, set[int]] = defaultdict(set)
        for number, group in enumerate(self._groups):
            for word in frozenset().union(*group):
                self._groups_of[word].add(number)
        self._generic = frozenset(lexical.terms(_GENERIC))

    def terms(self, page: int) -> frozenset[str]:
        """The content words of a page's names, as indexed."""
        return frozenset().union(*self._of(page).words)

    def _of(self, page: int) -> _PageNames:
        """A page's names, which are read once.

        As phrases they are in lower case. One word, but in capitals, is one only where it is the title: an alias like
        "pop" is a word of everyday English.
        """
        if page not in self._known:
            every = self._names(page)
            names = [part for name in every for part in (_IN_BRACKETS.sub("", name), *_IN_BRACKETS.findall(name))]
            split = [_WORDS.findall(name) for name in names]
            title = _WORDS.findall(every[0]) if every else []
            self._known[page] = _PageNames(
                tuple(frozenset(self._lexical.content_terms(name)) for name in every),
                frozenset(words[0] for words in split if len(words) == 1 and words[0].isupper()),
                frozenset(" ".join(words).lower() for words in split if len(words) > 1 or words == title != []),
            )
        return self._known[page]

    def scores(self, text: str, pages: Sequence[int], others: Sequence[int] = ()) -> Naming:
        """How far each page is the one that the text names, in three ways to tell, each 0 to 1, (len(pages),).

        The first is how much of what the text says of names a page's own names hold. Each word of the text that any of
        the pages or of the others has in its names (by itself or by a synonym) counts by how few of them have it: its
        idf among these pages. The score is the square of the share of these that a page has.

        The second is how far the text calls the page by one of its names: the greatest share of the words of a name,
        squared. "Total knee replacement" is all of one page's name, and lacks a word of its twin's, "revision of a
        total knee replacement".

        The third is 1 where the text says one of the page's names word for word, unless another page's longer one holds
        it there.
        """
        among = [*pages, *others]
        said = self._said(text)
        words = frozenset().union(*(word for meanings in said for word in meanings))
        names = [[name - self._generic for name in self._of(page).words] for page in pages]
        shares = [max((len(name & words) / len(name) for name in of_page if name), default=0.0) for of_page in names]
        return Naming(
            _scores(self._held(said, among))[: len(pages)],
            np.square(np.array(shares, dtype=np.float32)),
            self._literal(text, pages),
        )

    def named_apart(self, text: str, pages: Sequence[int]) -> tuple[list[int], str]:
        """The pages that the pieces of a text name, one a piece ("X versus Y", "X, Y and Z"), and its other pieces.

        `pages` are best first: of several that a piece names alike the first is meant, unless an earlier piece took it.
        """
        named: list[int] = []
        rest: list[str] = []
        for piece in _BETWEEN.split(text):
            held = self._held(self._said(piece), pages)
            if len(held):
                scores = np.where(held.mean(axis=0) >= _WORDS_HELD, _scores(held), 0.0)
                alike = np.flatnonzero(scores >= max(_NAMES_IT, scores.max())).tolist()
                named += [pages[place] for place in alike if pages[place] not in named][:1]
                rest += [] if alike else [piece.strip()]
        return named, " ".join(rest)

    def _literal(self, text: str, pages: Sequence[int]) -> FloatArray:
        """Whether the text says a name of each page word for word, and no other page's longer one around it."""
        words = _WORDS.findall(text)
        # Where all is in capitals, "SIT" need not be the name.
        capitals = {word for word in words if word.isupper() and not text.isupper()}
        spaced = f" {' '.join(words).lower()} "

        def longest(page: int) -> str:
            names = self._of(page)
            said = {word.lower() for word in names.capitals & capitals}
            said |= {form for form in names.phrases if f" {form} " in spaced}
            return max(said, key=len, default="")

        own = [longest(page) for page in pages]
        within = {form for form in own for other in own if form != other and f" {form} " in f" {other} "}
        return np.array([bool(form) and form not in within for form in own], dtype=np.float32)

    def _held(self, said: Sequence[Collection[frozenset[str]]], pages: Sequence[int]) -> NDArray[np.bool_]:
        """Whether each page has each thing that is said in its names, (things, pages)."""
        names = [self.terms(page) for page in pages]
        return np.array(
            [[any(meaning <= terms for meaning in meanings) for terms in names] for meanings in said], dtype=bool
        ).reshape(len(said), len(pages))

    def _said(self, text: str) -> list[list[frozenset[str]]]:
        """For each thing that the text says, the sets of words that mean it."""
        words = self._lexical.content_terms(text) - self._generic
        said = {word: [frozenset({word})] for word in sorted(words)}
        for number in sorted({number for word in words for number in self._groups_of.get(word, ())}):
            group = self._groups[number]
            meant = next((meaning for meaning in group if meaning <= words), frozenset())
            for word in meant:
                said[word] += group
        return list(said.values())


def _scores(held: NDArray[np.bool_]) -> FloatArray:
    counts = held.sum(axis=1)
    telling = (counts > 0) & (counts < held.shape[1])
    if not telling.any():
        return np.zeros(held.shape[1], dtype=np.float32)
    weights = np.array([math.log(held.shape[1] / count) for count in counts[telling]])
    shares = weights @ held[telling] / weights.sum()
    # Squared: a page that has every telling word stands out from its twin that has most.
    return np.asarray(shares**2, dtype=np.float32)


def _synonyms(lexical: LexicalIndex) -> list[list[frozenset[str]]]:
    source = resources.files("procqa.retrieval").joinpath("synonyms.txt").read_text(encoding="utf-8")
    lines = [line for line in source.splitlines() if line.strip() and not line.startswith("#")]
    groups = [[frozenset(lexical.terms(name)) for name in line.split(",")] for line in lines]
    return [[meaning for meaning in group if meaning] for group in groups]
