"""The benchmarks of speed measure what they say: every stage exists, and inner stages are not counted twice."""

from __future__ import annotations

import importlib
import time

import pytest

from benchmarks.peers.measures import first_of
from benchmarks.peers.report import peers_table
from benchmarks.speed.profile import STAGES, Stopwatch, measured_stages


@pytest.mark.parametrize(("stage", "module", "name"), STAGES)
def test_every_stage_is_a_function_that_there_is(stage: str, module: str, name: str) -> None:
    found = importlib.import_module(module)
    for part in name.split("."):
        found = getattr(found, part)
    assert callable(found)


def test_the_time_of_an_inner_stage_is_its_own() -> None:
    watch = Stopwatch()

    def busy(seconds: float) -> None:
        until = time.process_time() + seconds
        while time.process_time() < until:
            pass

    inner = watch.wrap("inner", lambda: busy(0.05))

    def whole() -> None:
        busy(0.02)
        inner()

    watch.wrap("outer", whole)()
    assert watch.seconds["inner"] == pytest.approx(0.05, abs=0.015)
    assert watch.seconds["outer"] == pytest.approx(0.02, abs=0.015)


def test_functions_are_themselves_again_after_measuring() -> None:
    from procqa.index.dense import DenseIndex

    before = DenseIndex.search
    with measured_stages():
        assert DenseIndex.search is not before
    assert DenseIndex.search is before


def test_what_comes_first_is_read_of_searches_and_of_answers() -> None:
    assert first_of({"hits": [{"doc_id": "a", "section": "Risks", "text": "Stroke"}]}) == ("a", "Risks", "Stroke")
    assert first_of({"hits": []}) == ("", "", "")
    assert first_of({"answers": [], "citations": []}) == ("", "", "")
    cited = [{"id": "c1", "doc_id": "a", "section": "Risks"}, {"id": "c2", "doc_id": "b", "section": "Recovery"}]
    answers = [{"text": "Rest", "spans": [{"citation": "c2"}]}]
    assert first_of({"answers": answers, "citations": cited}) == ("b", "Recovery", "Rest")


def test_the_table_compares_with_the_best_of_the_others() -> None:
    keys = ("ready_seconds", "memory_mb", "p50_ms", "p99_ms", "per_second_1", "per_second_4", "per_second_16")
    systems = {
        name: {"passages_per_second": rate, **dict.fromkeys(keys, 10.0)}
        for name, rate in (("procqa", 60.0), ("a", 20.0), ("b", 30.0))
    }
    quality = {name: {"right_page": 0.5, "right_section": 0.4, "token_f1": 0.3} for name in systems}
    lines = peers_table({"systems": systems, "quality": quality}).splitlines()
    assert lines[0] == "|  | procqa | a | b | procqa against the best other |"
    assert lines[2] == "| indexed, passages a second | 60.0 | 20.0 | 30.0 | 2.0 times |"
    assert lines[-1] == "| token F1 | 0.300 | 0.300 | 0.300 | +0.000 |"
