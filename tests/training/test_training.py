"""The sums of training are those of retrieval, and a small run makes a model that an index can be built with."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from procqa.cli.main import procqa
from procqa.embedding import OnnxEncoder
from procqa.embedding.export import place_encoder
from procqa.embedding.sources import find_model, plain_folder
from procqa.errors import GoldError, ModelError
from procqa.index.tokens import Tokens
from procqa.retrieval.interaction import compare_lines
from tests.training.making import pages_and_questions

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")
pytest.importorskip("accelerate", reason="training needs procqa[train]")
pytestmark = pytest.mark.model


def test_late_interaction_in_training_is_that_of_retrieval() -> None:
    from procqa.training.examples import TrainingPassage, Words
    from procqa.training.late_model import compare
    from procqa.types import Line, Passage

    chance = np.random.default_rng(5)

    def unit(rows: int) -> np.ndarray:
        values = chance.normal(size=(rows, 8)).astype(np.float32)
        return values / np.linalg.norm(values, axis=1, keepdims=True)

    owners = [(-2, -1, -1, 0, 0, 1, -2), (-2, -1, 0, 1, 2, 2)]
    passages, tokens = [], []
    for number, owned in enumerate(owners):
        lines = tuple(Line(n, n + 1, n, False) for n in range(max(owned) + 1))
        passage = Passage(f"p{number}", "d", "t", "s", "s", 0, 9, lines)
        passages.append(TrainingPassage(passage, tuple(range(len(owned))), owned))
        tokens.append(unit(len(owned)))
    weights = np.array([0.5, 0.3, 0.2], dtype=np.float32)
    question = unit(3)
    line, page, found = compare(
        [(0, 0), (1, 0)],
        passages,
        [torch.from_numpy(item) for item in tokens],
        [Words((1, 2, 3), weights)],
        [torch.from_numpy(question)],
    )
    kept = [np.array(owned) >= -1 for owned in owners]
    stored = Tokens(
        np.concatenate([item[keep] for item, keep in zip(tokens, kept, strict=True)]),
        np.repeat([0, 1], [keep.sum() for keep in kept]),
        np.concatenate([np.array(owned, dtype=np.int16)[keep] for owned, keep in zip(owners, kept, strict=True)]),
    )
    similar = compare_lines(question, stored)
    np.testing.assert_allclose(line[0].numpy(), weights @ similar.best, rtol=1e-5)
    assert [place for _, _, place in found.places] == similar.lines.tolist()
    best = [similar.best[:, similar.passages == number].max(axis=1) for number in (0, 1)]
    np.testing.assert_allclose(page[0].numpy(), [weights @ values for values in best], rtol=1e-5)


def test_a_small_run_makes_a_model_with_a_card(tmp_path: Path) -> None:
    from procqa.training.plan import TrainingPlan
    from procqa.training.run import train_model

    corpus, gold = pages_and_questions(tmp_path, 16)
    plan = TrainingPlan(corpus, (gold,), tmp_path / "mine", epochs=1, layers=2)
    outcome = train_model(plan)
    assert outcome.questions == 12  # every third of the 16 pages, two questions each
    assert ("It got better" in outcome.describe()) == outcome.better
    source = find_model(str(tmp_path / "mine"))
    assert (source.name, source.exported) == ("mine", tmp_path / "mine")
    encoder = OnnxEncoder(tmp_path / "mine")
    plain = np.load(tmp_path / "mine" / "projection.npy")
    assert encoder.token_dimensions == plain.shape[1] == 128
    graph = onnx.load(str(plan.out / "model.onnx"), load_external_data=False).graph
    assert set(re.findall(r"layer\.\d", " ".join(item.name for item in graph.initializer))) == {"layer.0", "layer.1"}
    card = (tmp_path / "mine" / "README.md").read_text(encoding="utf-8")
    assert "# mine" in card
    assert "| both, then | 16 | 20 |" in card
    assert f"| right line | {outcome.result.before.line:.3f} | {outcome.result.after.line:.3f} | " in card
    assert outcome.verdict in card
    command = f"procqa train --corpus {corpus} --gold {gold} --epochs 1 --layers 2 --seed 1 --out {plan.out}"
    assert f"Seed 1, under a minute, by\n\n    {command}\n" in re.sub(
        r"Seed 1, \d+ min", "Seed 1, under a minute", card
    )
    assert not (tmp_path / "mine" / "checkpoints").exists()
    place_encoder(source, tmp_path / "placed")
    kept = {path.name for path in (tmp_path / "mine").iterdir()} - {"weights"}
    assert {path.name for path in (tmp_path / "placed").iterdir()} == kept
    with pytest.raises(ModelError, match="holds a finished model"):
        train_model(plan)


def test_the_reader_can_be_taught_alone(tmp_path: Path) -> None:
    from procqa.training.plan import TrainingPlan
    from procqa.training.run import train_model

    corpus, gold = pages_and_questions(tmp_path, 16)
    out = tmp_path / "mine"
    outcome = train_model(TrainingPlan(corpus, (gold,), out, epochs=0, reader_epochs=2))
    assert outcome.result.before == outcome.result.after
    assert outcome.read.before != outcome.read.after
    packaged = find_model("").exported
    assert packaged is not None
    same = {"model.onnx", "projection.npy", "tokenizer.json"}
    assert all((out / name).read_bytes() == (packaged / name).read_bytes() for name in same)
    assert (out / "reader.onnx").read_bytes() != (packaged / "reader.onnx").read_bytes()
    card = (out / "README.md").read_text(encoding="utf-8")
    assert "The encoder was left as it was; the reader alone was taught." in card
    assert " --epochs 0 --reader-epochs 2 " in card


def test_the_reader_is_taught_further_questions_but_none_of_pages_that_judge(tmp_path: Path) -> None:
    from procqa.training.plan import TrainingPlan
    from procqa.training.run import train_model

    corpus, gold = pages_and_questions(tmp_path, 30)
    lines = gold.read_text(encoding="utf-8").splitlines(keepends=True)
    both, further = tmp_path / "both.jsonl", tmp_path / "further.jsonl"
    both.write_text("".join(lines[::2]), encoding="utf-8")
    further.write_text("".join(lines[1::2]), encoding="utf-8")
    out = tmp_path / "mine"
    outcome = train_model(TrainingPlan(corpus, (both,), out, epochs=0, reader_epochs=1, reader_gold=(further,)))
    assert outcome.questions == 10  # of every third page the one that both are taught
    card = (out / "README.md").read_text(encoding="utf-8")
    assert "| the encoder | 30 | 20 |\n| the reader, then | 30 | 40 |" in card
    assert f" --gold {both} --reader-gold {further} " in card
    assert f"\n- `{further}`\n" in card


def test_an_encoder_with_a_teacher_learns_questions_that_nobody_answered_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from procqa.training import run, texts
    from procqa.training.plan import TrainingPlan

    monkeypatch.setattr(texts, "LINES", 7)
    corpus, gold = pages_and_questions(tmp_path, 16)
    asked = tmp_path / "log.txt"
    asked.write_text("when may dad drive\n\nwill it hurt me\nhow long is it\n", encoding="utf-8")
    learned: list[int] = []
    monkeypatch.setattr(run, "taught_teacher", _noting(run.taught_teacher, learned))
    out, large = tmp_path / "mine", str(plain_folder())
    run.train_model(
        TrainingPlan(corpus, (gold,), out, "all-MiniLM-L6-v2", epochs=1, layers=1, teacher=large, asked=(asked,))
    )
    assert learned == [20 + 20 + 3 + 7]  # the passages of ten pages, their questions, the log's, and lines of the pages
    card = (out / "README.md").read_text(encoding="utf-8")
    assert f"\n- `{asked}`\n" in card
    assert f" --asked {asked} " in card
    assert "questions without answers" in card


def _noting(teach: Callable[..., Any], learned: list[int]) -> Callable[..., Any]:
    def noting(*args: Any, **options: Any) -> Any:
        taught = teach(*args, **options)
        learned.append(len(taught.texts))
        return taught

    return noting


@pytest.mark.parametrize("option", [("--teacher", "large"), ("--layers", "2")])
def test_an_encoder_that_stays_as_it_is_has_no_teacher_and_all_its_layers(
    option: tuple[str, str], tmp_path: Path
) -> None:
    corpus, gold = pages_and_questions(tmp_path, 1)
    given = ("train", "--corpus", str(corpus), "--gold", str(gold), "--out", str(tmp_path / "out"), "--epochs", "0")
    said = CliRunner().invoke(procqa, [*given, *option])
    assert said.exit_code == 2
    assert "With --epochs 0 the encoder stays as it is; leave out --teacher and --layers." in said.output


def test_questions_without_answers_need_a_teacher(tmp_path: Path) -> None:
    corpus, gold = pages_and_questions(tmp_path, 1)
    given = {"--corpus": corpus, "--gold": gold, "--out": tmp_path / "out", "--asked": gold}
    said = CliRunner().invoke(procqa, ["train", *(str(word) for option in given.items() for word in option)])
    assert said.exit_code == 2
    assert "What is --asked is learned from a teacher; give --teacher too." in said.output


@pytest.mark.parametrize(
    ("content", "fault"),
    [(b"\n \n", "holds no question"), (b"\xff\xfe", "line 1 is not UTF-8; save the file as UTF-8")],
)
def test_a_file_of_no_questions_is_refused(tmp_path: Path, content: bytes, fault: str) -> None:
    from procqa.training.texts import read_questions

    file = tmp_path / "log.txt"
    file.write_bytes(content)
    with pytest.raises(GoldError, match=fault):
        read_questions(file)


def test_a_file_of_questions_that_is_not_there_is_told_before_anything_is_read(tmp_path: Path) -> None:
    from procqa.training.plan import TrainingPlan
    from procqa.training.run import train_model

    nowhere = tmp_path / "no-corpus"
    with pytest.raises(GoldError, match=r"log\.txt cannot be read"):
        train_model(TrainingPlan(nowhere, (nowhere,), tmp_path / "mine", asked=(tmp_path / "log.txt",)))
    assert not (tmp_path / "mine").exists()


def test_too_few_questions_are_told(tmp_path: Path) -> None:
    from procqa.training.plan import TrainingPlan
    from procqa.training.run import train_model

    corpus, gold = pages_and_questions(tmp_path, 5)
    with pytest.raises(GoldError, match="6 questions with an answer to learn from; at least 10"):
        train_model(TrainingPlan(corpus, (gold,), tmp_path / "mine", base="all-MiniLM-L6-v2"))
