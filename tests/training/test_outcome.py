"""What a run was worth is told with its chance, and an unfinished one knows what it was begun with."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from procqa.errors import ModelError

pytest.importorskip("torch")
pytest.importorskip("accelerate", reason="training needs procqa[train]")
pytestmark = pytest.mark.model
NAN = float("nan")


def outcome(pages: int, lines: int, reader_before: bool = True):  # type: ignore[no-untyped-def]
    """Of 100 questions 50 lines and 80 pages were right before; `lines` and `pages` more are now, none fewer."""
    from procqa.training.dev import DevFigures
    from procqa.training.encoder import EncoderResult
    from procqa.training.outcome import outcome_of
    from procqa.training.reader import ReaderFigures, ReaderResult

    before = tuple((n < 80, n < 60, n < 50) for n in range(100))
    after = tuple((n < 80 + pages, n < 60, n < 50 + lines) for n in range(100))
    read = ReaderFigures(((1.0, 0.5), (0.0, 1.0), (NAN, NAN)), 0.75)
    result = ReaderResult(None, read if reader_before else None, read)  # type: ignore[arg-type]
    return outcome_of(EncoderResult(DevFigures(before), DevFigures(after), 1.0), result)


def test_a_gain_that_is_more_than_chance_is_better() -> None:
    gained = outcome(pages=0, lines=20)
    assert gained.better
    said = gained.describe()
    assert said.startswith("On 100 dev questions")
    assert "right line        0.500 -> 0.700  +0.200 (95% interval +0.1" in said
    assert "right page        0.800 -> 0.800  +0.000 (95% interval +0.000 to +0.000): no more than chance" in said
    assert "reader: right passage 0.500 -> 0.500" in said  # of the two questions that have an answer
    assert "reader: AUROC     0.750 -> 0.750" in said
    assert "It got better" in said


def test_a_small_gain_is_chance() -> None:
    assert not outcome(pages=0, lines=2).better
    assert "did not get better by more than chance" in outcome(pages=0, lines=2).verdict


def test_a_gain_of_lines_does_not_buy_a_loss_of_pages() -> None:
    lost = outcome(pages=-20, lines=20)
    assert not lost.better
    assert lost.verdict == "It got worse at right page: keep the model you have."


def test_a_first_reader_has_nothing_before_it() -> None:
    said = outcome(pages=0, lines=0, reader_before=False).describe()
    assert "reader: right line in it   –   -> 0.750" in said


def test_a_plan_tells_its_command() -> None:
    from procqa.training.plan import TrainingPlan

    bare = TrainingPlan(Path("pages"), (Path("a.jsonl"), Path("b.jsonl")), Path("out"))
    assert " ".join(bare.command()) == (
        "procqa train --corpus pages --gold a.jsonl --gold b.jsonl --epochs 3 --seed 1 --out out"
    )
    first = ((Path("wiki"), Path("wiki.jsonl")),)
    full = TrainingPlan(
        Path("pages"), (Path("a.jsonl"),), Path("out"), "base", Path("dev"), Path("d.jsonl"), first, 2, 3, 0, "CC0"
    )
    assert " ".join(full.command()) == (
        "procqa train --base base --corpus pages --gold a.jsonl --dev-corpus dev --dev-gold d.jsonl "
        "--first wiki wiki.jsonl --epochs 2 --layers 3 --seed 0 --licence CC0 --out out"
    )
    assert full.sources() == ["wiki", "pages", "a.jsonl"]


def test_an_unfinished_run_goes_on_only_as_it_was_begun(tmp_path: Path) -> None:
    from procqa.training.sittings import begin

    folder = tmp_path / "mine" / "checkpoints"
    assert begin(folder, {"seed": 1, "base": ""}, now=1000.0) == 0.0
    (folder / "run.json").touch()
    for name, written in (("run.json", 1000.0), ("weights", 1090.0)):
        (folder / name).touch()
        os.utime(folder / name, (written, written))
    os.utime(folder, (1080.0, 1080.0))
    with pytest.raises(ModelError, match="mine holds an unfinished run with another seed; give another folder"):
        begin(folder, {"seed": 2, "base": ""}, now=2000.0)
    assert begin(folder, {"seed": 1, "base": ""}, now=2000.0) == 90.0
    (folder / "weights").touch()
    os.utime(folder / "weights", (2030.0, 2030.0))
    os.utime(folder / "run.json", (2000.0, 2000.0))
    assert begin(folder, {"seed": 1, "base": ""}, now=9000.0) == 120.0


def test_a_set_is_known_by_its_pages_and_questions(tmp_path: Path) -> None:
    from procqa.embedding.onnx import TOKENIZER_FILE
    from procqa.embedding.pieces import WordPieces
    from procqa.embedding.sources import find_model
    from procqa.training.examples import load_training_set
    from procqa.training.sittings import digest
    from tests.training.making import pages_and_questions

    exported = find_model("").exported
    assert exported is not None
    pieces = WordPieces(exported / TOKENIZER_FILE, 256)
    digests = []
    for place, count in (("a", 3), ("b", 3), ("c", 4)):
        corpus, gold = pages_and_questions(tmp_path / place, count)
        digests.append(digest(load_training_set(corpus, [gold], pieces)))
    assert digests[0] == digests[1] != digests[2]
