"""The best passage is read as it was embedded, and what the reader says of it decides whether there is an answer."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import numpy as np
import pytest

from procqa.answering.confidence import SIGNALS, Logistic
from procqa.answering.reading import read_passage
from procqa.embedding import Encoder
from procqa.embedding.pairs import Pair, pair, shortened
from procqa.embedding.pieces import WordPieces
from procqa.embedding.reader import Verdict
from procqa.engine import Engine
from procqa.index.snapshot import Snapshot
from procqa.retrieval import read_query
from procqa.types import Status
from tests.judging import alike

TOKENIZER = Path(str(resources.files("procqa.embedding") / "model" / "tokenizer.json"))
STAY = read_query("How long do I stay in hospital after aortic valve repair?")


class Opinion:
    """A reader that always has the same opinion, and remembers what it was given."""

    def __init__(self, odds: float = 0.0) -> None:
        self.pieces = WordPieces(TOKENIZER, 256)
        self.seen: list[str] = []
        self.words: list[tuple[str, int]] = []
        self._odds = odds

    def read(self, pair: Pair, lines: int) -> Verdict:
        self.seen.append(self.pieces.text(pair.ids))
        self.words += [(self.pieces.text([number]), owner) for number, owner in zip(pair.ids, pair.owners, strict=True)]
        return Verdict(self._odds, self._odds, self._odds, np.full(lines, self._odds, dtype=np.float32))


@pytest.fixture
def snapshot(index: Path, encoder: Encoder) -> Snapshot:
    return Snapshot.open(index, encoder)


def test_a_pair_is_the_question_then_the_passage_with_its_lines() -> None:
    made = pair([7, 8], [101, 20, 30, 31, 102], [-2, -1, 0, 1, -2])
    assert made.ids == (101, 7, 8, 102, 20, 30, 31, 102)
    assert made.types == (0, 0, 0, 0, 1, 1, 1, 1)
    assert made.owners == (-1, -1, -1, -1, -1, 0, 1, -2)


@pytest.mark.parametrize(
    ("context", "focus", "expected"),
    [
        (range(64), range(3), range(64)),
        (range(100), (98, 99), (*range(62), 98, 99)),
        (range(100), range(30, 100), range(36, 100)),
    ],
)
def test_of_a_long_question_the_beginning_and_the_asking_part_are_read(
    context: range, focus: range, expected: range
) -> None:
    assert shortened(context, focus) == tuple(expected)


def test_a_passage_is_read_with_its_title_and_heading(snapshot: Snapshot) -> None:
    reader = Opinion()
    passage = next(p for p in snapshot.store.passages(range(20)) if p.section == "Recovery" and "ortic" in p.title)
    verdict = read_passage(reader, STAY, passage, snapshot.store.text(passage))
    assert reader.seen == [
        "[CLS] how long do i stay in hospital after aortic valve repair? [SEP] aortic valve repair recovery you stay "
        "in hospital for 7 days. driving is allowed after 6 weeks. [SEP]"
    ]
    assert len(verdict.lines) == len(passage.lines) == 2
    owned = [[word for word, owner in reader.words if owner == line] for line in (0, 1)]
    assert owned[0][:3] == ["you", "stay", "in"]
    assert owned[1][:2] == ["driving", "is"]
    assert owned[1][-1] == "."
    assert [word for word, owner in reader.words if owner < 0][-1] == "[SEP]"


def test_the_reader_speaks_to_the_decision(index: Path, encoder: Encoder, monkeypatch: pytest.MonkeyPatch) -> None:
    snapshot = Snapshot.open(index, encoder)
    nothing = dict.fromkeys(SIGNALS, 0.0)
    alike(encoder.name, Logistic({**nothing, "answered": 1.0}, 0.0), Logistic(nothing, 0.0), 0.5).save(index)
    for odds, status in ((3.0, Status.ANSWERED), (-3.0, Status.ABSTAINED)):
        monkeypatch.setattr(snapshot, "reader", Opinion(odds))
        assert Engine(snapshot).ask(STAY.context).status is status


def test_of_a_conversation_the_last_question_is_read_about_the_page_that_was_found(snapshot: Snapshot) -> None:
    reader = Opinion()
    passage = next(p for p in snapshot.store.passages(range(20)) if p.section == "Duration" and "itral" in p.title)
    query = read_query("And how long?", ["What are the risks of mitral valve repair?"])
    read_passage(reader, query, passage, snapshot.store.text(passage))
    assert reader.seen[0].startswith("[CLS] mitral valve repair : and how long? [SEP]")
