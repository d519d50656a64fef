"""Runs from gold to files: complete, cut off, resumed, and with questions that fail."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from procqa.embedding import Encoder
from procqa.engine import Engine
from procqa.errors import GoldError, ProcqaError
from procqa.evaluation import Outcome, System, SystemInfo, evaluate, open_system, read_metrics, read_run
from procqa.evaluation.gold import GoldItem, load_gold
from procqa.evaluation.provenance import commit_of
from procqa.evaluation.run import spread
from procqa.progress import silent
from procqa.settings import Settings
from procqa.types import Document

QUESTIONS = [
    ("mitral valve repair takes how many hours", "heart/mitral", "Duration", "The operation takes about 2 hours."),
    ("aortic valve repair takes how many hours", "heart/aortic", "Duration", "The operation takes 3 to 4 hours."),
    ("driving after aortic valve repair", "heart/aortic", "Recovery", "Driving is allowed after 6 weeks."),
    ("knee arthroscopy crutches", "knee", "Recovery", "Walk with crutches for two days."),
]


@pytest.fixture
def gold(tmp_path: Path) -> Path:
    path = tmp_path / "gold.jsonl"
    lines: list[dict[str, Any]] = [
        {
            "id": f"q{number}",
            "question": question,
            "relevant": [{"doc_id": doc_id, "section": section}],
            "answers": [[quote]],
            "unanswerable": None,
            "tags": ["lay"],
        }
        for number, (question, doc_id, section, quote) in enumerate(QUESTIONS)
    ]
    off_domain = {"id": "off", "question": "best pizza?", "relevant": [], "answers": [], "unanswerable": "off_domain"}
    path.write_text("".join(json.dumps(line) + "\n" for line in [*lines, off_domain]), encoding="utf-8")
    return path


@pytest.fixture
def system(engine: Engine, settings: Settings, encoder: Encoder) -> Iterator[System]:
    opened = open_system(index=settings.index, encoder=encoder)
    yield opened
    opened.close()


class Troubled:
    """A real system in which asking some question raises an error."""

    def __init__(self, system: System, error: BaseException, question: str = QUESTIONS[2][0]) -> None:
        self._system, self._error, self._question = system, error, question
        self.asked: list[str] = []

    def info(self) -> SystemInfo:
        return self._system.info()

    def document(self, doc_id: str) -> Document | None:
        return self._system.document(doc_id)

    def close(self) -> None:
        self._system.close()

    def ask(self, item: GoldItem) -> Outcome:
        self.asked.append(item.id)
        if item.question == self._question:
            raise self._error
        return self._system.ask(item)


def without_times(out_dir: Path) -> list[Any]:
    """The lines of run.jsonl less what may differ between two runs."""
    values = [json.loads(line) for line in (out_dir / "run.jsonl").read_text(encoding="utf-8").splitlines()]
    values[0]["run"].pop("created")
    return [{key: value for key, value in line.items() if key != "timing_ms"} for line in values]


def test_a_run_writes_its_files_and_reads_them_back(gold: Path, system: System, tmp_path: Path) -> None:
    metrics = evaluate(gold, system, tmp_path / "out")
    header, rows = read_run(tmp_path / "out")
    assert read_metrics(tmp_path / "out") == metrics
    assert metrics.run == header
    assert [row.id for row in rows] == ["q0", "q1", "q2", "q3", "off"]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "metrics.json",
        "qrels.trec",
        "run.jsonl",
        "run.trec",
    ]
    assert (header.system, header.mode, header.gold_file, header.documents) == ("procqa", "in_process", "gold.jsonl", 3)
    assert all(row.timing_ms["wall"] >= row.timing_ms["total"] > 0 for row in rows)
    assert metrics.figures["all"]["verbatim"].value == 1.0


@pytest.mark.parametrize("workers", [1, 4])
def test_two_runs_differ_in_their_times_alone(gold: Path, system: System, tmp_path: Path, workers: int) -> None:
    evaluate(gold, system, tmp_path / "one")
    evaluate(gold, system, tmp_path / "two", workers=workers)
    assert without_times(tmp_path / "one") == without_times(tmp_path / "two")


def test_a_question_that_fails_is_a_row_that_scores_nothing(gold: Path, system: System, tmp_path: Path) -> None:
    trouble = Troubled(system, OSError("cannot read '/var/lib/private/vectors.faiss'\nat all"))
    metrics = evaluate(gold, trouble, tmp_path / "out")
    row = read_run(tmp_path / "out")[1][2]
    assert row.error == "OSError: cannot read 'vectors.faiss' at all"
    assert (row.status, row.answer, row.spans) == ("error", "", ())
    assert metrics.questions[2]["token_f1"] == 0.0
    assert metrics.questions[2]["section_mrr"] == 0.0
    assert metrics.figures["all"]["failed"].value == 0.2


def test_an_interrupted_run_goes_on_where_it_stopped(gold: Path, system: System, tmp_path: Path) -> None:
    evaluate(gold, system, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        evaluate(gold, Troubled(system, KeyboardInterrupt()), tmp_path / "cut", workers=1)
    done = {row.id for row in read_run(tmp_path / "cut")[1]}
    assert {"q0", "q1"} <= done
    assert "q2" not in done
    again = Troubled(system, ValueError(), question="")
    evaluate(gold, again, tmp_path / "cut")
    assert done.isdisjoint(again.asked)
    assert without_times(tmp_path / "cut") == without_times(tmp_path / "whole")


@pytest.mark.parametrize("kept", [1, 2, 4])
@pytest.mark.parametrize("torn", [0, 25])
def test_a_killed_run_goes_on_where_it_stopped(
    gold: Path, system: System, tmp_path: Path, kept: int, torn: int
) -> None:
    evaluate(gold, system, tmp_path / "whole")
    out_dir = tmp_path / "cut"
    evaluate(gold, system, out_dir)
    lines = (out_dir / "run.jsonl").read_bytes().splitlines(keepends=True)
    (out_dir / "run.jsonl").write_bytes(b"".join(lines[: kept + 1]) + lines[kept + 1][:torn])
    again = Troubled(system, ValueError(), question="")
    evaluate(gold, again, out_dir)
    assert len(again.asked) == 5 - kept
    assert without_times(out_dir) == without_times(tmp_path / "whole")


def test_a_finished_run_is_not_asked_again_unless_fresh(gold: Path, system: System, tmp_path: Path) -> None:
    evaluate(gold, system, tmp_path / "out")
    again = Troubled(system, ValueError(), question="")
    evaluate(gold, again, tmp_path / "out")
    assert again.asked == []
    evaluate(gold, again, tmp_path / "out", fresh=True)
    assert len(again.asked) == 5


def test_another_run_in_the_folder_is_not_mixed_in(
    gold: Path, system: System, settings: Settings, encoder: Encoder, tmp_path: Path
) -> None:
    evaluate(gold, system, tmp_path / "out")
    before = (tmp_path / "out" / "run.jsonl").read_bytes()
    dense = open_system("dense", index=settings.index, encoder=encoder)
    with pytest.raises(ProcqaError, match=r"something else \(system differ\); use another --out or --fresh"):
        evaluate(gold, dense, tmp_path / "out")
    assert (tmp_path / "out" / "run.jsonl").read_bytes() == before
    evaluate(gold, dense, tmp_path / "out", fresh=True)
    assert read_run(tmp_path / "out")[0].system == "dense"


def test_gold_that_does_not_fit_stops_the_run_before_it_writes(gold: Path, system: System, tmp_path: Path) -> None:
    gold.write_text(gold.read_text().replace("3 to 4 hours", "9 hours").replace('"knee"', '"elbow"'))
    with pytest.raises(GoldError) as caught:
        evaluate(gold, system, tmp_path / "out")
    assert "q1: the quote is not in the relevant sections" in str(caught.value)
    assert "q3: there is no page elbow" in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_a_damaged_run_file_is_told_by_its_line(gold: Path, system: System, tmp_path: Path) -> None:
    evaluate(gold, system, tmp_path / "out")
    path = tmp_path / "out" / "run.jsonl"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join([*lines[:2], "{}\n", *lines[3:]]))
    with pytest.raises(ProcqaError, match=r"Line 3 of .*run\.jsonl"):
        evaluate(gold, system, tmp_path / "out")
    path.write_text("")
    with pytest.raises(ProcqaError, match="no header"):
        read_run(tmp_path / "out")
    with pytest.raises(ProcqaError, match="missing or damaged"):
        read_metrics(tmp_path)
    with pytest.raises(ProcqaError, match="cannot be read"):
        read_run(tmp_path)


def test_a_folder_that_cannot_be_made(gold: Path, system: System, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ProcqaError, match="use another --out"):
        evaluate(gold, system, tmp_path / "file" / "out")


def test_progress_counts_kept_and_new_rows(gold: Path, system: System, tmp_path: Path) -> None:
    counts: list[int] = []

    class Counter:
        def __enter__(self) -> Any:
            return counts.append

        def __exit__(self, *error: object) -> None:
            return None

    evaluate(gold, system, tmp_path / "out", progress=lambda stage, total, unit: Counter())
    assert counts == [0, 1, 1, 1, 1, 1]
    with pytest.raises(ProcqaError, match="workers"):
        evaluate(gold, system, tmp_path / "out", workers=0, progress=silent)


def test_rows_survive_json(gold: Path, system: System, tmp_path: Path) -> None:
    evaluate(gold, system, tmp_path / "out")
    for row in read_run(tmp_path / "out")[1]:
        assert type(row).from_json(json.loads(json.dumps(row.to_json()))) == row
        assert replace(row, error="x") != row


def test_commit(tmp_path: Path) -> None:
    assert commit_of(tmp_path) == "unknown"
    git = shutil.which("git")
    if git is None:
        pytest.skip("git is not installed")
    author = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    (tmp_path / "file").write_text("one")
    for arguments in (["init", "-q"], ["add", "file"], [*author, "commit", "-q", "-m", "one"]):
        subprocess.run([git, "-C", str(tmp_path), *arguments], check=True)
    commit = commit_of(tmp_path)
    assert len(commit) == 40
    (tmp_path / "file").write_text("two")
    assert commit_of(tmp_path) == f"{commit}-dirty"


def test_a_sample_is_spread_over_the_file(gold: Path, system: System, tmp_path: Path) -> None:
    whole = load_gold(gold)
    picked = spread(whole, 2)
    assert [item.id for item in picked.items] == [whole.items[0].id, whole.items[len(whole.items) // 2].id]
    assert spread(whole, 10_000) == whole
    metrics = evaluate(gold, system, tmp_path / "sample", sample=2)
    assert metrics.figures["all"]["failed"].n == 2
    assert metrics.run.gold_file.endswith(f"(2 of {len(whole.items)})")
