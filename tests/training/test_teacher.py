"""A larger model teaches a smaller one, which comes nearer to it and to the answers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from procqa.embedding.onnx import PROJECTION_FILE, TOKENIZER_FILE
from procqa.embedding.pieces import WordPieces
from procqa.embedding.sources import plain_folder
from procqa.errors import ModelError
from procqa.progress import Advance
from tests.training.making import pages_and_questions

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")
pytest.importorskip("accelerate", reason="training needs procqa[train]")
pytestmark = pytest.mark.model


def test_what_a_teacher_knows_goes_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from procqa.training import teacher as teaching
    from procqa.training.base import with_layers
    from procqa.training.examples import load_training_set
    from procqa.training.late_model import LateModel, first_projection
    from procqa.training.pupil import Pupil
    from procqa.training.texts import texts_of

    monkeypatch.setattr(teaching, "EPOCHS", 1)
    corpus, gold = pages_and_questions(tmp_path, 6)
    base = with_layers(plain_folder(), 2, tmp_path / "large")
    held = load_training_set(corpus, [gold], WordPieces(base / TOKENIZER_FILE, 256))
    folder, texts = tmp_path / "teacher", texts_of(held)
    teaching.taught_teacher(base, held, held, texts, texts, folder, seed=1)
    kept = (folder / teaching.ENCODED).read_bytes()
    teacher = teaching.taught_teacher(base, held, held, texts, texts, folder, seed=2)  # is not taught again
    assert (folder / teaching.ENCODED).read_bytes() == kept
    with pytest.raises(ModelError, match="of other texts"):
        teaching.taught_teacher(base, held, held, texts[1:], texts[1:], folder, seed=1)
    assert (len(teacher.passages), len(teacher.words)) == (6 * 2, 12)

    small = LateModel(with_layers(base, 1, tmp_path / "small"), first_projection(base))

    def likeness() -> float:
        with torch.no_grad():
            own = small.encode([teacher.texts[place] for place in teacher.passages])
        its = teacher.makes_of(teacher.passages)
        return float((torch.cat([*own.tokens]) * torch.cat([*its.tokens])).sum(1).mean())

    unlike = likeness()
    pupil = Pupil(small, teacher)
    assert likeness() > unlike
    parts = [teacher.passages, teacher.words]
    optimizer = torch.optim.AdamW(small.transformer.parameters(), lr=1e-4)
    losses = []
    for _ in range(5):
        loss = pupil(parts)["loss"]
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert losses[-1] < losses[0]


def test_only_pages_that_are_asked_about_are_learned_from(tmp_path: Path) -> None:
    from procqa.training.examples import load_training_set
    from procqa.training.texts import texts_of

    corpus, gold = pages_and_questions(tmp_path, 3)
    (corpus / "other.txt").write_text("Another page\n\nDuration\n\nNobody asks of this.\n", encoding="utf-8")
    held = load_training_set(corpus, [gold], WordPieces(plain_folder() / TOKENIZER_FILE, 256))
    assert len(held.pages) == 4
    assert len(texts_of(held)) == 3 * 2 + 6


def test_a_teacher_of_other_word_pieces_is_refused(tmp_path: Path) -> None:
    from procqa.training.examples import load_training_set
    from procqa.training.teacher import taught_teacher
    from procqa.training.texts import texts_of

    corpus, gold = pages_and_questions(tmp_path, 2)
    held = load_training_set(corpus, [gold], WordPieces(plain_folder() / TOKENIZER_FILE, 256))
    question = held.questions[0]
    longer = replace(question, context=replace(question.context, ids=(*question.context.ids, 7)))
    other = replace(held, questions=(longer, *held.questions[1:]))
    with pytest.raises(ModelError, match="other pieces than the base"):
        taught_teacher(plain_folder(), held, held, texts_of(held), texts_of(other), tmp_path, seed=1)


def test_a_whole_run_with_a_teacher_tells_it_in_the_card(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from procqa.training import teacher as teaching
    from procqa.training.base import with_layers
    from procqa.training.plan import TrainingPlan
    from procqa.training.run import train_model

    monkeypatch.setattr(teaching, "EPOCHS", 1)
    corpus, gold = pages_and_questions(tmp_path, 16)
    first = pages_and_questions(tmp_path / "first", 4)
    large = with_layers(plain_folder(), 2, tmp_path / "large")
    told: dict[str, int | None] = {}

    @contextmanager
    def progress(name: str, total: int | None, unit: str) -> Iterator[Advance]:
        told[name] = total
        yield lambda count, note="": None

    out = tmp_path / "mine"
    train_model(TrainingPlan(corpus, (gold,), out, first=(first,), epochs=1, layers=1, teacher=str(large)), progress)
    # Passages and questions of the ten pages of sixteen that are taught, and those of the four other pages; once more
    # the others' questions, and the lines of the ten, one of which all have.
    assert told["What the teacher makes of it"] == 10 * (2 + 2) + 4 * (2 + 2) + 4 * 2 + 10 + 1
    card = (tmp_path / "mine" / "README.md").read_text(encoding="utf-8")
    assert f"--teacher {large}" in card
    assert "a larger model, large, and the encoder learned to be like that, on their texts and also on up to" in card
    assert "up to 2,000 general questions with their passages and 24,000 without" in card
    assert not (tmp_path / "mine" / "checkpoints").exists()


def test_the_encoder_learns_from_the_texts_that_only_the_reader_is_taught(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from procqa.training import teacher as teaching
    from procqa.training.base import with_layers
    from procqa.training.plan import TrainingPlan
    from procqa.training.run import train_model

    monkeypatch.setattr(teaching, "EPOCHS", 1)
    corpus, every = pages_and_questions(tmp_path, 17)
    lines = every.read_text(encoding="utf-8").splitlines(keepends=True)
    gold, further = tmp_path / "both.jsonl", tmp_path / "further.jsonl"
    gold.write_text("".join(lines[:-4]), encoding="utf-8")
    further.write_text("".join(lines[-4:]), encoding="utf-8")
    large = with_layers(plain_folder(), 2, tmp_path / "large")
    told: dict[str, int | None] = {}

    @contextmanager
    def progress(name: str, total: int | None, unit: str) -> Iterator[Advance]:
        told[name] = total
        yield lambda count, note="": None

    out = tmp_path / "mine"
    plan = TrainingPlan(corpus, (gold,), out, reader_gold=(further,), epochs=1, layers=1, teacher=str(large))
    train_model(plan, progress)
    # Passages and questions of the ten pages of fifteen that are taught and of the two that the reader is; their lines,
    # one of which all have.
    assert told["What the teacher makes of it"] == (10 + 2) * (2 + 2) + 12 + 1
    assert "the further texts that the reader was taught" in (out / "README.md").read_text(encoding="utf-8")


def test_of_what_was_learned_the_share_that_dev_has_best_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from procqa.training import encoder
    from procqa.training.base import with_layers
    from procqa.training.dev import DevFigures
    from procqa.training.examples import TrainingSet
    from procqa.training.late_model import LateModel, first_projection

    def learn(_: object, model: LateModel, *__: object, **___: object) -> None:
        model.projection.weight.data += 1.0

    # Before, then with all of what was learned and with less and less of it: so many of four lines are right.
    right = iter([0, 1, 2, 3, 2])

    def judge(*_: object) -> DevFigures:
        count = next(right)
        return DevFigures(((True,) * 3,) * count + ((False,) * 3,) * (4 - count))

    monkeypatch.setattr(encoder, "judge", judge)
    monkeypatch.setattr(encoder, "learn_from", learn)
    base = with_layers(plain_folder(), 1, tmp_path / "base")
    nothing = TrainingSet((), ())
    teacher: Any = object()
    result = encoder.train_encoder(base, nothing, nothing, tmp_path / "out", epochs=1, seed=1, teacher=teacher)
    share = encoder.SHARES[2]
    assert (result.kept, result.before.line, result.after.line) == (share, 0.0, 0.75)
    kept = np.load(tmp_path / "out" / "weights" / PROJECTION_FILE)
    np.testing.assert_allclose(kept, first_projection(base) + share, rtol=1e-5)
