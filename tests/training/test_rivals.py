"""The pages of earlier steps beside the questions of a step, worked by hand."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np
import pytest

torch = pytest.importorskip("torch")
if TYPE_CHECKING:
    from procqa.training.rivals import Rivals

X, Y, Z = ([1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0])


def kept(**pages: list[list[float]]) -> Rivals:
    from procqa.training.rivals import Rivals

    rivals = Rivals()
    for number, tokens in enumerate(pages.values()):
        rivals.keep(number, torch.tensor(tokens))
    return rivals


def question(*weights: float) -> SimpleNamespace:
    return SimpleNamespace(weights=np.array(weights, dtype=np.float32))


def test_a_rival_fits_by_its_nearest_tokens_the_best_first() -> None:
    rivals = kept(both=[X, Y, Z], first=[X, Z], none=[Z])
    scores = rivals.scores([question(0.75, 0.25)], [torch.tensor([X, Y])], ())
    assert scores.tolist() == [[1.0, 0.75, 0.0]]


def test_each_question_has_rivals_of_its_own_and_none_of_the_step() -> None:
    rivals = kept(first=[X], second=[Y], third=[Z])
    scores = rivals.scores([question(1.0), question(1.0)], [torch.tensor([X]), torch.tensor([Y])], {0})
    assert scores.tolist() == [[0.0, 0.0], [1.0, 0.0]]


def test_a_page_is_as_it_was_last() -> None:
    rivals = kept(only=[X])
    rivals.keep(0, torch.tensor([Y]))
    assert rivals.scores([question(1.0)], [torch.tensor([Y])], ()).tolist() == [[1.0]]


def test_no_more_than_the_nearest_are_given(monkeypatch: pytest.MonkeyPatch) -> None:
    from procqa.training import rivals as module

    monkeypatch.setattr(module, "NEAREST", 2)
    monkeypatch.setattr(module, "AT_ONCE", 1)  # each page is compared by itself
    rivals = kept(a=[Z], b=[Y], c=[X])
    scores = rivals.scores([question(0.75, 0.25)], [torch.tensor([X, Y])], ())
    assert scores.tolist() == [[0.75, 0.25]]


def test_the_first_step_has_none() -> None:
    assert kept().scores([question(1.0)], [torch.tensor([X])], ()).shape == (1, 0)


def test_questions_learn_from_rivals_and_rivals_stay_as_they_are() -> None:
    page, asked = torch.tensor([X], requires_grad=True), torch.tensor([Y], requires_grad=True)
    rivals = kept()
    rivals.keep(0, page)
    rivals.scores([question(1.0)], [asked], ()).sum().backward()
    assert asked.grad.tolist() == [X]
    assert page.grad is None


def test_a_stopped_run_goes_on_with_the_same_rivals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from procqa.training import rivals as module

    monkeypatch.setattr(module, "LOOKED_AT", 1)  # which one is chance

    def asked(rivals: Rivals) -> list[float]:
        tokens = torch.tensor([[0.5, 0.3, 0.2]])
        return [rivals.scores([question(1.0)], [tokens], ()).item() for _ in range(8)]

    rivals, other = kept(a=[X], b=[Y], c=[Z]), kept()
    asked(rivals)
    rivals.save(tmp_path / "memory")
    other.load(tmp_path / "memory")
    later = asked(rivals)
    assert asked(other) == later
    assert len({*later}) > 1
