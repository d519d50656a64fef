"""Plain scorers of candidate sentences, that a better one has to beat: BM25, and the encoder's cosine."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence

from procqa.embedding import Encoder
from procqa.evaluation.choice import ChoiceItem, Score

K1 = 1.2
B = 0.75
_WORD = re.compile(r"\w+")


def bm25_scorer(items: Iterable[ChoiceItem]) -> Score:
    """BM25 (Robertson and Zaragoza, 2009, with the idf that Lucene keeps above 0), k1 1.2 and b 0.75.

    Document frequencies and the mean length are those of all distinct candidates of the collection.
    """
    collection = [_words(text) for text in dict.fromkeys(text for item in items for text in item.candidates)]
    frequency = Counter(word for words in collection for word in set(words))
    mean_length = sum(map(len, collection)) / max(len(collection), 1) or 1.0

    def idf(word: str) -> float:
        return math.log(1 + (len(collection) - frequency[word] + 0.5) / (frequency[word] + 0.5))

    def one(terms: Iterable[str], words: Sequence[str]) -> float:
        counts = Counter(words)
        saturation = K1 * (1 - B + B * len(words) / mean_length)
        return sum(idf(term) * counts[term] * (K1 + 1) / (counts[term] + saturation) for term in terms if counts[term])

    def score(question: str, candidates: Sequence[str]) -> list[float]:
        terms = dict.fromkeys(_words(question))
        return [one(terms, _words(candidate)) for candidate in candidates]

    return score


def dense_scorer(encoder: Encoder) -> Score:
    """Cosine of the question's and the candidate's vectors; a candidate too long for the encoder is read in windows."""

    def score(question: str, candidates: Sequence[str]) -> list[float]:
        asked = encoder.encode_question(question).vector
        lengths = encoder.count_tokens(candidates)
        short = [text for text, length in zip(candidates, lengths, strict=True) if length <= encoder.max_tokens]
        encoded = iter(encoder.encode_documents(short))
        vectors = [
            (next(encoded) if length <= encoder.max_tokens else encoder.encode_question(text)).vector
            for text, length in zip(candidates, lengths, strict=True)
        ]
        return [float(asked @ vector) for vector in vectors]

    return score


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())
