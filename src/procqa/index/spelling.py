"""Questions in the spelling of the pages: a word that nobody knows is read as the word of the pages nearest to it.

An encoder makes little of "revison" or "cateract", and BM25 nothing. But a word that is none of the pages' is mostly
right all the same: a drug, a place, another procedure. So what an English word list, medicines.txt, the pages or
aliases.txt have, what begins a longer word of theirs, and names stay; and one procedure is not read as another
("nephrectomy" as "nephrostomy").
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from importlib import resources
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import process
from rapidfuzz.distance import OSA

from procqa.index.lexical import FUNCTION_WORDS

# The words of the pages with how often they stand there, a word a line, in the order of the alphabet; and the numbers
# of the words of English, in order.
WORDS, ENGLISH = "words.txt", "english.npy"
# Of more words than this, the most frequent ones are kept: what one large corpus writes once is mostly no word.
MOST_WORDS = 50_000
# A word of so many letters may have one error, and a longer one two; a shorter one none, since "hip" is not "lip".
ONE_ERROR, TWO_ERRORS = 5, 8
# A word that is so many letters shorter than one that it begins is that one clipped: "trach", "gastro".
_CLIPPED = 3
# By these the name of a procedure is told from that of another on the same organ.
OPERATIONS = ("ectomy", "ostomy", "otomy", "scopy", "plasty", "pexy", "desis", "centesis", "graphy", "gram", "lysis")
# Whole words of Latin letters: no part of "mustn't" or "H2O".
_WORD = re.compile(r"(?<![\w'’])[A-Za-zÀ-ÖØ-öø-ɏ]+(?![\w'’])")
_ENDS_SENTENCE = ".!?:\n"
# Of a text so many words that nobody knows are looked for, and none of more letters: what has more is no question.
MOST_MENDED, _LONGEST = 50, 40

Numbers = NDArray[np.uint64]


def operations(text: str) -> list[str]:
    """The words of a text that name procedures by how they end: "colonoscopy", and no "stent"."""
    return [word for word in _WORD.findall(text) if word.lower().endswith(OPERATIONS)]


def write_words(texts: Iterable[str], folder: Path) -> Callable[[str], bool]:
    """Write words.txt and english.npy into the folder of a snapshot; gives what tells whether a word is English."""
    from spellchecker import SpellChecker  # only a build loads the whole list: it takes 40 MB

    counts = Counter(word for text in texts for word in _words(text))
    lines = (f"{word} {count}\n" for word, count in sorted(counts.most_common(MOST_WORDS)))
    (folder / WORDS).write_text("".join(lines), encoding="utf-8")
    english = {*SpellChecker(language="en").word_frequency.dictionary, *_medicines()}
    np.save(folder / ENGLISH, np.sort(np.array([_number(word) for word in english], dtype=np.uint64)))
    return english.__contains__


def _medicines() -> list[str]:
    lines = resources.files("procqa.index").joinpath("medicines.txt").read_text(encoding="utf-8").splitlines()
    return [word for line in lines if not line.startswith("#") for word in line.split()]


class Spelling:
    """Reads questions in the spelling of the pages. Several threads use it at once."""

    def __init__(self, counts: Mapping[str, int], english: Numbers) -> None:
        """`counts` says how often each word stands on the pages; `english` are the numbers of other words, sorted."""
        self._counts = counts
        self._english = english
        self._sorted = sorted(counts)
        self._alike: dict[tuple[str, int], list[str]] = defaultdict(list)  # by first letter and length
        for word in self._sorted:
            self._alike[word[0], len(word)].append(word)

    @classmethod
    def load(cls, folder: Path, others: Iterable[str] = ()) -> Spelling:
        """The words that a snapshot in this folder was built with, and those of some other texts.

        Raises ValueError when a file is damaged.
        """
        lines = (line.split(" ") for line in (folder / WORDS).read_text(encoding="utf-8").splitlines())
        counts = {word: 1 for text in others for word in _words(text)}
        counts |= {word: int(count) for word, count in lines}
        english = np.load(folder / ENGLISH, mmap_mode="r")
        if english.dtype != np.uint64 or english.ndim != 1 or not (english[:-1] < english[1:]).all():
            raise ValueError(f"{ENGLISH} does not hold numbers in order")
        return cls(counts, english)

    def mended(self, text: str) -> str:
        """The text with the nearest word of the pages in place of each that is misspelt."""
        shouted = text == text.upper()
        nearest: dict[str, str | None] = {}

        def read(found: re.Match[str]) -> str:
            said, word = found.group(), found.group().lower()
            # A capital letter within a sentence begins a name.
            typed = said == word or shouted or (said[1:].islower() and _begins_sentence(text, found.start()))
            if not (ONE_ERROR <= len(word) <= _LONGEST and typed) or self._is_word(word):
                return said
            if word not in nearest and len(nearest) < MOST_MENDED:
                nearest[word] = self._nearest(word)
            return nearest.get(word) or said

        return _WORD.sub(read, text)

    def _is_word(self, word: str) -> bool:
        # "shouldnt" is no "should".
        negated = word.endswith("nt") and word[:-2] in FUNCTION_WORDS
        return negated or word in self._counts or self._is_english(word) or self._is_clipped(word)

    def _nearest(self, word: str) -> str | None:
        """The word of the pages that a misspelt one is meant for, if it is one."""
        swapped = [word[:n] + word[n + 1] + word[n] + word[n + 2 :] for n in range(len(word) - 1)]
        if any(other not in self._counts and self._is_english(other) for other in swapped):
            return None  # "recieve" where no page has "receive"
        operation = _operation(word)
        errors = 1 if operation or len(word) < TWO_ERRORS else 2
        # Hardly anybody errs in the first letter.
        near = [
            (distance, -self._counts[other], other)
            for length in range(len(word) - errors, len(word) + errors + 1)
            for other, distance, _ in process.extract(
                word, self._alike.get((word[0], length), ()), scorer=OSA.distance, score_cutoff=errors, limit=None
            )
            if not operation or _operation(other) == operation
        ]
        return min(near)[2] if near else None

    def _is_english(self, word: str) -> bool:
        number = _number(word)
        place = int(np.searchsorted(self._english, number))
        return place < len(self._english) and int(self._english[place]) == number

    def _is_clipped(self, word: str) -> bool:
        first = bisect_left(self._sorted, word)
        last = bisect_left(self._sorted, word + "\U0010ffff")
        return any(len(longer) >= len(word) + _CLIPPED for longer in self._sorted[first:last])


def _begins_sentence(text: str, place: int) -> bool:
    while place and not text[place - 1].isalnum():
        place -= 1
        if text[place] in _ENDS_SENTENCE:
            return True
    return place == 0


def _operation(word: str) -> str:
    return next((ending for ending in OPERATIONS if word.endswith(ending)), "")


def _number(word: str) -> np.uint64:
    return np.uint64(int.from_bytes(hashlib.blake2b(word.encode(), digest_size=8).digest(), "big"))


def _words(text: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(unicodedata.normalize("NFC", text))]
