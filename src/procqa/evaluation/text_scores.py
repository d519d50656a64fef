"""How near an answer's words come to the gold quotes: SQuAD's exact match and F1, character overlap, list items."""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Iterable, Sequence

from procqa.evaluation.records import GoldSpan, SpanRecord

_PUNCTUATION = str.maketrans("", "", string.punctuation)
_ARTICLES = re.compile(r"\b(?:a|an|the)\b")
_BULLET = re.compile(r"^[\s•·*–-]+|^\d+[.)]\s")


def normalise(text: str) -> str:
    """Lower case, without ASCII punctuation, then without articles, with single spaces.

    The rule and the order of its steps are those of the SQuAD 2.0 evaluation script (Rajpurkar et al. 2018).
    """
    return " ".join(_ARTICLES.sub(" ", text.lower().translate(_PUNCTUATION)).split())


def exact_match(answer: str, gold: str) -> float:
    """1 when both normalise to the same text, else 0."""
    return float(normalise(answer) == normalise(gold))


def token_f1(answer: str, gold: str) -> float:
    """F1 of the two bags of normalised words; where either is empty, 1 when both are, else 0 (SQuAD 2.0)."""
    ours, theirs = normalise(answer).split(), normalise(gold).split()
    if not ours or not theirs:
        return float(ours == theirs)
    return _f1(_common(ours, theirs), len(ours), len(theirs))


def span_overlap(spans: Iterable[SpanRecord], quotes: Sequence[Sequence[GoldSpan]]) -> float:
    """F1 of the cited characters against those of the quotes.

    `quotes[j]` lists the places where quote j stands; the one that shares most characters with the spans counts.
    """
    cited = {(span.doc_id, at) for span in spans for at in range(span.start, span.end)}
    gold: set[tuple[str, int]] = set()
    for places in quotes:
        marked = [{(place.doc_id, at) for at in range(place.start, place.end)} for place in places]
        gold |= max(marked, key=lambda characters: len(characters & cited), default=set())
    return _f1(len(cited & gold), len(cited), len(gold))


def item_scores(spans: Iterable[SpanRecord], quotes: Sequence[str]) -> tuple[float, float]:
    """Precision and recall of list items: answer lines that are a gold quote, each used once, by normalised text.

    A span that runs over several lines counts as one item a line, without its bullet.
    """
    lines = [normalise(_BULLET.sub("", line)) for span in spans for line in span.text.splitlines()]
    ours = [line for line in lines if line]
    theirs = [normalise(quote) for quote in quotes]
    same = _common(ours, theirs)
    return (same / len(ours) if ours else 0.0), (same / len(theirs) if theirs else 0.0)


def _common(ours: Iterable[str], theirs: Iterable[str]) -> int:
    return (Counter(ours) & Counter(theirs)).total()


def _f1(same: int, ours: int, theirs: int) -> float:
    return 2 * same / (ours + theirs) if same else 0.0
