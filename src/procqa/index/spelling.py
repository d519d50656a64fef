"""Questions in the spelling of the pages: a word that nobody knows is read as the word of the pages nearest to it.

An encoder makes little of "revison" or "cateract", and BM25 nothing. Whoever types "snipped" or "trach" means it,
though: a word that the model knows whole, that is another form of a known one, or that begins a longer one, stays.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from rapidfuzz import process
from rapidfuzz.distance import OSA

# The words of the pages with how often they stand there, a word a line, in the order of the alphabet.
WORDS = "words.txt"
# Of more words than this, the most frequent ones are kept: what one large corpus writes once is mostly no word.
MOST_WORDS = 50_000
# A word of so many letters may have one error, and a longer one two; a shorter one none, since "hip" is not "lip".
ONE_ERROR, TWO_ERRORS = 5, 8
# A word that is so many letters shorter than one that it begins is that one clipped.
_CLIPPED = 3
_NEAREST = 8
_WORD = re.compile(r"[^\W\d_]+")
_ENDINGS = ("s", "es", "d", "ed", "in", "ing", "er", "ers", "y", "ly", "ish", "able", "ness")


def write_words(texts: Iterable[str], folder: Path) -> None:
    """Write words.txt into the folder of a snapshot."""
    counts = Counter(word for text in texts for word in _words(text))
    lines = (f"{word} {count}\n" for word, count in sorted(counts.most_common(MOST_WORDS)))
    (folder / WORDS).write_text("".join(lines), encoding="utf-8")


class Spelling:
    """Reads questions in the spelling of the pages."""

    def __init__(self, counts: Mapping[str, int], knows: Callable[[str], bool]) -> None:
        """`counts` says how often each word stands on the pages; `knows` tells words of the language."""
        self._counts = counts
        self._knows = knows
        self._sorted = sorted(word for word in counts if len(word) >= ONE_ERROR - 1)

    @classmethod
    def load(cls, folder: Path, knows: Callable[[str], bool], others: Iterable[str] = ()) -> Spelling:
        """The words that a snapshot in this folder was built with, and those of some other texts."""
        lines = (line.split(" ") for line in (folder / WORDS).read_text(encoding="utf-8").splitlines())
        counts = {word: int(count) for word, count in lines}
        return cls({word: 1 for text in others for word in _words(text)} | counts, knows)

    def mended(self, text: str) -> str:
        """The text with the nearest word of the pages in place of each that is misspelt."""
        return _WORD.sub(lambda found: self._nearest(found.group()), text)

    def _nearest(self, said: str) -> str:
        word = said.lower()
        # "iStent" is a name.
        if len(word) < ONE_ERROR or self._is_word(word) or said not in (word, said.upper(), said.capitalize()):
            return said
        errors = 1 if len(word) < TWO_ERRORS else 2
        near = process.extract(word, self._sorted, scorer=OSA.distance, score_cutoff=errors, limit=_NEAREST)
        # Hardly anybody errs in the first letter.
        alike = [(distance, -self._counts[other], other) for other, distance, _ in near if other[0] == word[0]]
        return min(alike)[2] if alike else said

    def _is_word(self, word: str) -> bool:
        return self._is_known(word) or self._is_form(word) or self._is_clipped(word)

    def _is_known(self, word: str) -> bool:
        return word in self._counts or self._knows(word)

    def _is_form(self, word: str) -> bool:
        """Whether it is a known word with an ending: "boils", "snipped", "tidied"."""
        stems = [word.removesuffix(ending) for ending in _ENDINGS if word.endswith(ending)]
        stems += [stem + "e" for stem in stems] + [stem[:-1] for stem in stems if stem[-2:-1] == stem[-1:]]
        stems += [stem[:-1] + "y" for stem in stems if stem.endswith("i")]
        return any(len(stem) >= ONE_ERROR - 2 and self._is_known(stem) for stem in stems)

    def _is_clipped(self, word: str) -> bool:
        """Whether it begins a much longer word of the pages: "trach", "gastro"."""
        place = bisect_left(self._sorted, word)
        while place < len(self._sorted) and self._sorted[place].startswith(word):
            if len(self._sorted[place]) >= len(word) + _CLIPPED:
                return True
            place += 1
        return False


def _words(text: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(text)]
