"""A run that is stopped goes on from its last checkpoint, and ends as one that was not."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from procqa.progress import shown_on

torch = pytest.importorskip("torch")
pytest.importorskip("accelerate", reason="training needs procqa[train]")
pytestmark = pytest.mark.model


class Line(torch.nn.Module):
    """Learns y = 3x + 1, and remembers how often it was shown anything."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(7)
        self.line = torch.nn.Linear(1, 1)
        self.steps = 0

    def forward(self, x: float) -> dict[str, torch.Tensor]:
        self.steps += 1
        return {"loss": (self.line(torch.tensor([x])) - 3 * x - 1).square().sum()}


class Stop(KeyboardInterrupt):
    pass


STEPS = [{"x": number % 7 / 7} for number in range(40)]


def teach(
    folder: Path,
    judge: Callable[[Line], float] = lambda model: model.line.weight.item(),
    patience: int = 9,
    stream: io.StringIO | None = None,
) -> tuple[Line, float]:
    from procqa.progress import silent
    from procqa.training.steps import Plan, run_steps

    model = Line()
    plan = Plan("a line", folder, 0.02, seed=3, checks=4, patience=patience)
    progress = shown_on(stream) if stream else silent
    best = run_steps(model, STEPS, plan, lambda: judge(model), lambda name: False, progress)
    return model, best


def stopping_at(check: int) -> Callable[[Line], float]:
    """Judges as ever until that check, where it stops the run."""
    seen = []

    def judge(model: Line) -> float:
        seen.append(1)
        if len(seen) == check:
            raise Stop
        return float(model.line.weight.item())

    return judge


def test_a_stopped_run_ends_as_one_that_was_not(tmp_path: Path) -> None:
    whole, best = teach(tmp_path / "whole")
    with pytest.raises(Stop):
        teach(tmp_path / "stopped", stopping_at(3))
    again, best_again = teach(tmp_path / "stopped")
    assert again.steps == 20  # of the 40, those after the second check
    assert best_again == best
    assert torch.equal(again.line.weight, whole.line.weight)
    assert torch.equal(again.line.bias, whole.line.bias)


def test_a_checkpoint_half_written_is_passed_over(tmp_path: Path) -> None:
    whole, _ = teach(tmp_path / "whole")
    with pytest.raises(Stop):
        teach(tmp_path / "stopped", stopping_at(3))
    newest = tmp_path / "stopped" / "checkpoint-20"
    (newest / "trainer_state.json").write_text('{"best_metric": 0.', encoding="utf-8")
    again, _ = teach(tmp_path / "stopped")
    assert again.steps == 30
    assert torch.equal(again.line.weight, whole.line.weight)


def test_what_is_finished_is_not_taught_again(tmp_path: Path) -> None:
    whole, best = teach(tmp_path)
    again, best_again = teach(tmp_path)
    assert (again.steps, best_again) == (0, best)
    assert torch.equal(again.line.weight, whole.line.weight)
    assert [path.name for path in tmp_path.iterdir()] == ["finished.safetensors"]


def test_it_ends_as_it_was_best(tmp_path: Path) -> None:
    figures, weights = iter([0.1, 0.9, 0.3, 0.2]), []

    def judge(model: Line) -> float:
        weights.append(model.line.weight.item())
        return next(figures)

    model, best = teach(tmp_path, judge)
    assert len(weights) == 4  # the last step is judged like the others
    assert best == 0.9
    assert model.line.weight.item() == pytest.approx(weights[1])


def test_it_stops_where_it_gets_no_better_and_a_stop_forgets_no_check(tmp_path: Path) -> None:
    falling = [0.9, 0.8, 0.7, 0.6]
    figures = iter(falling)
    model, _ = teach(tmp_path / "whole", lambda model: next(figures), patience=2)
    assert model.steps == 30

    seen: list[int] = []

    def judge(model: Line) -> float:
        seen.append(1)
        if len(seen) == 3:
            raise Stop
        return falling[len(seen) - 1]

    with pytest.raises(Stop):
        teach(tmp_path / "stopped", judge, patience=2)
    model, _ = teach(tmp_path / "stopped", lambda model: 0.7, patience=2)
    assert model.steps == 10  # the first check without a gain was before the stop, the second ends it


def test_a_long_run_is_saved_every_few_minutes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from procqa.training import steps

    monkeypatch.setattr(steps, "CHECKPOINT_SECONDS", 0.0)
    with pytest.raises(Stop):
        teach(tmp_path, stopping_at(2))
    again, _ = teach(tmp_path)
    assert again.steps == 40 - 19  # one checkpoint a step, the last before the check that stopped it


def test_it_tells_how_far_it_is(tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture) -> None:
    stream = io.StringIO()
    with caplog.at_level(logging.INFO, "procqa.training"):
        teach(tmp_path, stream=stream)
    *_, last = stream.getvalue().strip().splitlines()
    assert last.startswith("Teaching a line")
    assert "40/40" in last
    assert "loss " in last
    assert "dev " in last
    checks = [record.getMessage() for record in caplog.records if ", step " in record.getMessage()]
    assert len(checks) == 4
    assert checks[0].startswith("a line, step 10 of 40: loss ")
    assert "{" not in capfd.readouterr().out
