"""Pages and gold -> tokens and labels, and the groups of near twins that are taught together."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from procqa.embedding.onnx import TOKENIZER_FILE
from procqa.embedding.pieces import WordPieces
from procqa.embedding.sources import find_model
from procqa.errors import GoldError
from procqa.training.examples import TrainingSet, apart, joined, load_training_set
from procqa.training.groups import epoch, near_twins

PAGES = {
    "valve": "Valve repair, aortic\n\nDuration\n\nIt takes two hours.\n\nRecovery\n\nYou rest for a week. "
    "Then you may drive.\n",
    "twin": "Valve repair, mitral\n\nDuration\n\nIt takes three hours.\n\nRecovery\n\nYou rest for a month.\n",
    "tooth": "Tooth extraction\n\nDuration\n\nIt takes ten minutes.\n\nRisks\n\n- Bleeding\n- Dry socket\n",
}
GOLD = [
    ("q1", "When may I drive?", [("valve", "Recovery")], [["Then you may drive."]], None, None),
    ("q2", "What can go wrong?", [("tooth", "Risks and Complications")], [["Bleeding", "Dry socket"]], None, None),
    ("q3", "How long?", [("valve", "Duration"), ("twin", "Duration")], [["two hours"], ["three hours"]], None, None),
    ("q4", "Is the mitral one dear?", [], [], "not_stated", "twin"),
    ("q5", "What is for lunch?", [], [], "off_domain", None),
]


def write(folder: Path, gold: list[tuple[str, str, list, list, str | None, str | None]]) -> tuple[Path, Path]:
    corpus = folder / "corpus"
    corpus.mkdir(exist_ok=True)
    for name, text in PAGES.items():
        (corpus / f"{name}.txt").write_text(text, encoding="utf-8")
    path = folder / "gold.jsonl"
    with path.open("w", encoding="utf-8") as file:
        for number, question, relevant, answers, kind, about in gold:
            places = [{"doc_id": doc_id, "section": section} for doc_id, section in relevant]
            item = {"id": number, "question": question, "history": [], "relevant": places, "answers": answers}
            file.write(json.dumps({**item, "unanswerable": kind, "tags": [], "about": about}) + "\n")
    return corpus, path


@pytest.fixture(scope="module")
def pieces() -> WordPieces:
    folder = find_model("").exported
    assert folder is not None
    return WordPieces(folder / TOKENIZER_FILE, 256)


@pytest.fixture(scope="module")
def held(pieces: WordPieces, tmp_path_factory: pytest.TempPathFactory) -> TrainingSet:
    corpus, gold = write(tmp_path_factory.mktemp("training"), GOLD)
    return load_training_set(corpus, [gold], pieces)


def answering(held: TrainingSet, number: int) -> set[str]:
    words = set()
    for page, place, line in held.questions[number].lines:
        document, passage = held.pages[page].document, held.pages[page].passages[place].passage
        words.add(document.text[passage.lines[line].start : passage.lines[line].end])
    return words


def test_the_lines_of_the_quotes_answer(held: TrainingSet) -> None:
    assert answering(held, 0) == {"Then you may drive."}
    assert answering(held, 1) == {"Bleeding", "Dry socket"}
    assert answering(held, 2) == {"It takes two hours.", "It takes three hours."}
    assert answering(held, 3) == answering(held, 4) == set()


def test_a_question_without_an_answer_may_still_have_a_page(held: TrainingSet) -> None:
    names = [{held.pages[page].document.doc_id for page in question.pages} for question in held.questions]
    assert names == [{"valve"}, {"tooth"}, {"valve", "twin"}, {"twin"}, set()]


def test_every_token_of_a_line_is_owned_by_it(held: TrainingSet) -> None:
    passage = next(p for p in held.pages[2].passages if p.passage.section == "Recovery")
    assert len(passage.ids) == len(passage.owners)
    assert set(passage.owners) == {-2, -1, 0, 1}  # special, title and heading, two lines


def test_a_page_that_is_not_there_is_told(pieces: WordPieces, tmp_path: Path) -> None:
    corpus, gold = write(tmp_path, [("q1", "Why?", [("knee", "Recovery")], [["x"]], None, None)])
    with pytest.raises(GoldError, match="Question q1 names the page 'knee'"):
        load_training_set(corpus, [gold], pieces)


def test_passages_apart_keep_their_answers(held: TrainingSet) -> None:
    split = apart(held)
    assert len(split.pages) == sum(len(page.passages) for page in held.pages)
    assert all(len(page.passages) == 1 for page in split.pages)
    assert [answering(split, number) for number in range(3)] == [answering(held, number) for number in range(3)]
    assert len(split.questions) == 3  # those without an answer have no passage


def test_joined_sets_keep_their_answers(held: TrainingSet) -> None:
    both = joined([held, held])
    assert len(both.pages) == 6
    assert [answering(both, n) for n in range(10)] == [answering(held, n % 5) for n in range(10)]


def test_twins_are_taught_together_and_every_page_once(held: TrainingSet) -> None:
    tooth, *valves = held.pages  # doc ids are sorted
    for seed in range(5):
        groups = near_twins([tooth, *valves, tooth], 2, random.Random(seed))
        assert sorted(sorted(group) for group in groups) == [[0, 3], [1, 2]]


def test_an_epoch_asks_every_question_once_with_its_pages(held: TrainingSet) -> None:
    steps = list(epoch(held, seed=3))
    assert sorted(q.item.id for step in steps for q in step.questions) == ["q1", "q2", "q3", "q4"]
    assert all(question.pages <= set(step.pages) for step in steps for question in step.questions)
    again = [[q.item.id for q in step.questions] for step in epoch(held, seed=3)]
    assert again == [[q.item.id for q in step.questions] for step in steps]
