"""Curves keep what they measured, teach nested questions, and time each question beside the encoder alone."""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from procqa.embedding import Encoder, OnnxEncoder
from procqa.embedding.sources import find_model
from procqa.evaluation import open_system
from procqa.evaluation.gold import GoldItem

if TYPE_CHECKING:
    from benchmarks.curves.teaching import Teaching

pytest.importorskip("torch")
pytest.importorskip("accelerate", reason="training needs procqa[train]")
pytest.importorskip("matplotlib", reason="plots need procqa[benchmarks]")
pytestmark = pytest.mark.model

ITEM = GoldItem("q", "How long is aortic valve repair?", (), (), (), None, ())


def test_points_are_kept_only_beside_points_of_the_same_kind(tmp_path: Path) -> None:
    from benchmarks.curves.kept import Kept

    file = tmp_path / "new" / "curve.json"
    Kept(file, {"seed": 1}).add("500", {"line": 0.5})
    again = Kept(file, {"seed": 1})
    again.add("1000", {"line": 0.6})
    assert Kept(file, {"seed": 1}).points == {"500": {"line": 0.5}, "1000": {"line": 0.6}}
    with pytest.raises(SystemExit, match="measured with another seed; move it away"):
        Kept(file, {"seed": 2})


def test_a_question_is_timed_beside_the_encoder_alone(index: Path, encoder: Encoder) -> None:
    from benchmarks.curves.quality_speed import Timed

    class Slow:
        """Takes a hundredth of a second to encode."""

        def encode_question(self, text: str) -> None:
            time.sleep(0.01)

    timed = Timed(open_system(index=index, encoder=encoder), Slow())  # type: ignore[arg-type]
    for _ in range(3):
        assert timed.ask(ITEM).passages
    timed.close()
    times = timed.times()
    assert times["encoder_median_ms"] >= 10
    assert times["times_encoder"] == pytest.approx(times["median_ms"] / times["encoder_median_ms"], abs=0.001)
    assert len(timed.asked) == 3


def test_a_plot_is_the_same_for_the_same_points(tmp_path: Path) -> None:
    from benchmarks.curves import learning, quality_speed

    taught = dict.fromkeys(learning.FIGURES, (0.4, 0.3, 0.5))
    points = {"0": {"questions": 0, **taught}, "500": {"questions": 500, **taught}, "900": {"questions": 900, **taught}}
    systems = {
        "bm25": {"times_encoder": 0.5, **dict.fromkeys(quality_speed.FIGURES, (0.2, 0.1, 0.3))},
        "shipped": {"times_encoder": 5.0, **dict.fromkeys(quality_speed.FIGURES, (None, None, None))},
    }
    for draw, held in ((learning.draw, points), (quality_speed.draw, systems)):
        drawn = []
        for name in ("first", "second"):
            (tmp_path / name).mkdir(exist_ok=True)
            draw(held, tmp_path / name / "curve.svg")
            drawn.append((tmp_path / name / "curve.svg").read_bytes())
        assert drawn[0] == drawn[1]
    assert b"bm25" in drawn[0]
    assert b"shipped" not in drawn[0]  # it has no figure


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The options of a curve over a model of one layer, pages that are read in a moment, and a folder for the rest."""
    from procqa.embedding.sources import plain_folder
    from procqa.training.base import with_layers
    from tests.training.making import pages_and_questions

    folder = tmp_path_factory.mktemp("curves")
    base = with_layers(plain_folder(), 1, folder / "base-of-one-layer")
    corpus, gold = pages_and_questions(folder, 16)
    options = ["--base", base, "--epochs", "1", "--work", folder / "work", "--out", folder / "out"]
    for name in ("train", "dev"):
        options += [f"--{name}-corpus", corpus, f"--{name}-gold", gold]
    return [str(option) for option in options]


def teaching(options: list[str]) -> Teaching:
    from benchmarks.curves.teaching import add_options, load

    parser = argparse.ArgumentParser()
    add_options(parser)
    return load(parser.parse_args(options))


def test_a_learning_curve_goes_on_where_it_was(small: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    from benchmarks.curves import learning

    taught = []
    teach = learning.teach
    monkeypatch.setattr(learning, "teach", lambda *given: (taught.append(given[1]), teach(*given)))
    learning.main([*small, "--sizes", "12"])
    learning.main([*small, "--sizes", "12", "20"])
    assert taught == [12, 32, 20]
    out = Path(small[small.index("--out") + 1])
    points = json.loads((out / "learning.json").read_text(encoding="utf-8"))["points"]
    assert sorted(points) == ["0", "12", "20", "32"]
    assert points["20"]["questions"] == points["20"]["answerable"] == 20
    assert all(low <= value <= high for value, low, high in (points["32"][name] for name in learning.FIGURES))
    assert (out / "learning.svg").read_bytes().startswith(b"<?xml")


def test_fewer_questions_are_some_of_more(small: list[str]) -> None:
    from benchmarks.curves.learning import subset

    training = teaching(small).training
    sizes = (5, 12, 32)
    parts = [{question.item.id for question in subset(training, size, 1).questions} for size in sizes]
    assert [len(part) for part in parts] == list(sizes)
    assert parts[0] < parts[1] < parts[2]
    assert subset(training, 5, 2).questions != subset(training, 5, 1).questions


def test_the_shipped_model_has_figures_and_times(small: list[str]) -> None:
    from benchmarks.curves import quality_speed

    options = {name: Path(value) for name, value in zip(small[::2], small[1::2], strict=True)}
    entry = quality_speed.SYSTEMS["shipped, fast"]
    index = quality_speed.index_of(
        entry, entry.model, options["--dev-corpus"], options["--dev-gold"], options["--work"]
    )
    exported = find_model("").exported
    assert exported is not None
    point = quality_speed.measure(entry, index, options["--dev-gold"], OnnxEncoder(exported), options["--work"] / "run")
    assert point["times_encoder"] > 1  # it encodes the question too
    assert 0 < point["right_section"][0] <= 1
    assert point["right_section"][1] <= point["right_section"][0] <= point["right_section"][2]


def test_without_layers_a_word_is_the_same_in_any_company(small: list[str]) -> None:
    from benchmarks.curves import quality_speed

    work = Path(small[small.index("--work") + 1])
    model = quality_speed.model_of(quality_speed.SYSTEMS["static, fast"], teaching(small), work)
    encoder = OnnxEncoder(Path(model))
    first, second = (encoder.encode_question(text).tokens[0] for text in ("knee repair", "knee of a horse"))
    assert encoder.name == "layers-0"
    assert np.dot(first, second) == pytest.approx(1.0, abs=0.01)
