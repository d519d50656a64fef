"""The reader is taught on what it is shown when it serves, and only with what is then known to be true."""

from __future__ import annotations

import json

import numpy as np
import pytest

from procqa.answering.reading import read_passage
from procqa.embedding.onnx import TOKENIZER_FILE
from procqa.embedding.pairs import Pair
from procqa.embedding.pieces import WordPieces
from procqa.embedding.reader import Verdict
from procqa.embedding.sources import find_model
from procqa.training import reader_examples
from procqa.training.examples import TrainingSet, load_training_set
from procqa.training.reader_examples import ReadQuestion, read_questions

PAGES = {
    "aortic": "Aortic repair\n\nDuration\n\nIt takes two hours.\n\nRecovery\n\nYou rest for a week. Bring a book.\n",
    "mitral": "Mitral repair\n\nDuration\n\nIt takes three hours.\n\nRecovery\n\nYou rest for a month.\n",
}
GOLD = [
    {"question": "When may I stop resting after the aortic repair?", "answers": [["You rest for a week."]]},
    {
        "question": "And how long does it take?",
        "history": ["What are the risks of aortic repair?"],
        "answers": [["It takes two hours."]],
    },
    {"question": "And what is for lunch?", "history": ["Tell me of the mitral repair"], "unanswerable": "off_domain"},
]
SECTIONS = ("Recovery", "Duration", "")


@pytest.fixture(scope="module")
def pieces() -> WordPieces:
    folder = find_model("").exported
    assert folder is not None
    return WordPieces(folder / TOKENIZER_FILE, 256)


@pytest.fixture(scope="module")
def held(pieces: WordPieces, tmp_path_factory: pytest.TempPathFactory) -> TrainingSet:
    folder = tmp_path_factory.mktemp("read")
    (folder / "corpus").mkdir()
    for name, text in PAGES.items():
        (folder / "corpus" / f"{name}.txt").write_text(text, encoding="utf-8")
    blank = {"history": [], "unanswerable": None, "tags": [], "answers": []}
    items = [
        {**blank, "id": f"q{n}", "relevant": [{"doc_id": "aortic", "section": section}] if section else [], **item}
        for n, (item, section) in enumerate(zip(GOLD, SECTIONS, strict=True))
    ]
    (folder / "gold.jsonl").write_text("".join(json.dumps(item) + "\n" for item in items), encoding="utf-8")
    return load_training_set(folder / "corpus", [folder / "gold.jsonl"], pieces)


@pytest.fixture
def whole_questions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader_examples, "TERSE_SHARE", 0.0)
    monkeypatch.setattr(reader_examples, "CUT_SHARE", 0.0)


class Shown:
    """A reader that remembers what it is shown when serving."""

    def __init__(self, pieces: WordPieces) -> None:
        self.pieces = pieces
        self.pairs: list[Pair] = []

    def read(self, pair: Pair, lines: int) -> Verdict:
        self.pairs.append(pair)
        return Verdict(0.0, 0.0, 0.0, np.zeros(lines, dtype=np.float32))


def everywhere(held: TrainingSet) -> list[list[tuple[int, int]]]:
    places = [(page, n) for page, whole in enumerate(held.pages) for n in range(len(whole.passages))]
    return [places for _ in held.questions]


def words(pieces: WordPieces, question: ReadQuestion) -> list[str]:
    return [pieces.text(reading.pair.ids) for reading in question.readings]


@pytest.mark.usefixtures("whole_questions")
def test_training_shows_what_serving_shows(held: TrainingSet, pieces: WordPieces) -> None:
    made = read_questions(held, everywhere(held), pieces, seed=1)
    assert len(made) == 3
    for question, taught in zip(held.questions, made, strict=True):
        reader = Shown(pieces)
        for page in held.pages:
            for item in page.passages:
                text = page.document.text[item.passage.start : item.passage.end]
                read_passage(reader, question.query, item.passage, text)
        assert {reading.pair for reading in taught.readings} <= set(reader.pairs)


@pytest.mark.usefixtures("whole_questions")
def test_a_follow_up_is_read_of_its_own_page_alone(held: TrainingSet, pieces: WordPieces) -> None:
    plain, follow_up, lunch = read_questions(held, everywhere(held), pieces, seed=1)
    assert {reading.same_page for reading in plain.readings} == {True, False}
    assert words(pieces, follow_up) == [
        f"[CLS] aortic repair : and how long does it take? [SEP] aortic repair {passage} [SEP]"
        for passage in ("duration it takes two hours.", "recovery you rest for a week. bring a book.")
    ]
    assert [reading.answered for reading in follow_up.readings] == [True, False]
    # One that no page is about is answered nowhere, whichever page it is asked of.
    assert {text.split(" : ")[0] for text in words(pieces, lunch)} == {"[CLS] aortic repair", "[CLS] mitral repair"}
    assert not any(reading.answered for reading in lunch.readings)


def test_some_questions_are_read_as_keywords(
    held: TrainingSet, pieces: WordPieces, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader_examples, "TERSE_SHARE", 1.0)
    plain, follow_up, _ = read_questions(held, everywhere(held), pieces, seed=1)
    assert words(pieces, plain)[0].startswith("[CLS] may stop resting aortic repair [SEP]")
    assert words(pieces, follow_up)[0].startswith("[CLS] aortic repair : long take [SEP]")


@pytest.mark.usefixtures("whole_questions")
def test_the_right_passage_without_its_answer_does_not_answer(
    held: TrainingSet, pieces: WordPieces, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader_examples, "CUT_SHARE", 1.0)
    plain, *_ = read_questions(held, [[], [], []], pieces, seed=1)
    assert [reading.answered for reading in plain.readings] == [True, False]
    assert words(pieces, plain)[1].endswith("[SEP] aortic repair recovery bring a book. [SEP]")
    assert plain.readings[1].right_section
