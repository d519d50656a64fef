"""Scorers of candidate sentences: BM25, the encoder's cosine, and what procqa does with lines."""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from procqa.embedding import Encoder
from procqa.evaluation.choice import ChoiceItem, Score
from procqa.index.tokens import SCALE, Tokens, owned_tokens
from procqa.retrieval.interaction import compare_lines, token_weights
from procqa.types import Line, Passage

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


def procqa_scorer(encoder: Encoder) -> Score:
    """What procqa's retrieval says of lines: late interaction with the candidates read in their context.

    Candidates stand together in passages as large as the encoder reads; there is no title or heading to use.
    """

    def score(question: str, candidates: Sequence[str]) -> list[float]:
        asked = encoder.encode_question(question)
        weights = token_weights(question, asked)
        scores: list[float] = []
        for passage, text in _passages(candidates, encoder):
            encoded = encoder.encode_documents([text])[0]
            vectors, lines = owned_tokens(encoded, passage, 0)
            texts = np.zeros(len(lines), dtype=np.int64)
            similar = compare_lines(asked.tokens, Tokens(vectors.astype(np.float32) / SCALE, texts, lines))
            of_line = dict(zip(similar.lines.tolist(), (weights @ similar.best).tolist(), strict=True))
            scores += [of_line.get(line, -1.0) for line in range(len(passage.lines))]
        return scores

    return score


def _passages(candidates: Sequence[str], encoder: Encoder) -> Iterator[tuple[Passage, str]]:
    """Candidates in order as the lines of passages; one too long for the encoder is shortened to what it reads."""
    packed: list[str] = []
    room = encoder.max_tokens
    for candidate in candidates:
        tokens = encoder.count_tokens([candidate])[0]
        while tokens > encoder.max_tokens:
            candidate = candidate[: len(candidate) * 9 // 10]
            tokens = encoder.count_tokens([candidate])[0]
        if packed and tokens > room:
            yield _passage(packed)
            packed, room = [], encoder.max_tokens
        packed.append(candidate)
        room -= tokens
    if packed:
        yield _passage(packed)


def _passage(texts: Sequence[str]) -> tuple[Passage, str]:
    ends = list(itertools.accumulate(len(text) + 1 for text in texts))
    lines = tuple(
        Line(end - 1 - len(text), end - 1, number, False)
        for number, (text, end) in enumerate(zip(texts, ends, strict=True))
    )
    return Passage("", "", "", "", "", 0, ends[-1], lines), "\n".join(texts)


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())
