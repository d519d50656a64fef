"""`procqa eval` through the command line: files, figures and exit codes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Exits = Callable[..., tuple[int, str, str]]

ASKED = [
    ("How long do I stay in hospital after aortic valve repair?", "heart/aortic", "You stay in hospital for 7 days."),
    ("How long do I stay in hospital after mitral valve repair?", "heart/mitral", "You stay in hospital for 3 days."),
    ("When is driving allowed after aortic valve repair?", "heart/aortic", "Driving is allowed after 6 weeks."),
]
FIGURES = ("all.right_page", "all.token_f1")


def write_gold(path: Path, times: int = 1, quote: str | None = None) -> Path:
    """The questions, and as many that no page answers, each several times."""
    lines: list[dict[str, Any]] = []
    for number in range(times):
        for place, (question, doc_id, answer) in enumerate(ASKED):
            relevant = [{"doc_id": doc_id, "section": "Recovery"}]
            labels = {"relevant": relevant, "answers": [[quote or answer]], "unanswerable": None}
            lines.append({"id": f"a{number}-{place}", "question": question, **labels})
            labels = {"relevant": [], "answers": [], "unanswerable": "off_domain"}
            lines.append({"id": f"u{number}-{place}", "question": "best pizza?", **labels})
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


@pytest.fixture
def gold(tmp_path: Path) -> Path:
    return write_gold(tmp_path / "gold.jsonl")


def write_gate(folder: Path, floor: float) -> Path:
    path = folder / f"gate-{floor}.json"
    path.write_text(json.dumps({"floors": dict.fromkeys(FIGURES, floor), "no_loss": ["token_f1"]}))
    return path


def one_sentence(text: str) -> bool:
    return text.count("\n") == 1 and text.startswith("procqa: ") and text.endswith(".\n")


def test_a_run_writes_its_files_and_says_its_figures(gold: Path, served: Path, exits: Exits, tmp_path: Path) -> None:
    out = tmp_path / "out"
    code, output, error = exits("eval", "run", "--gold", gold, "--index", served, "--out", out, "--workers", "1")
    assert code == 0, error
    for name in ("run.jsonl", "metrics.json", "report.html"):
        assert (out / name).is_file()
        assert str(out / name) in output
    figures = json.loads((out / "metrics.json").read_text())["figures"]["all"]
    assert figures["token_f1"]["value"] == 1.0
    assert figures["false_answer"]["value"] == 0.0
    assert "(" in output.splitlines()[0]


def test_a_part_of_the_questions_and_a_baseline(gold: Path, served: Path, exits: Exits, tmp_path: Path) -> None:
    out = tmp_path / "out"
    arguments = ("eval", "run", "--gold", gold, "--index", served, "--out", out, "--system", "bm25", "--sample", "2")
    assert exits(*arguments)[0] == 0
    lines = (out / "run.jsonl").read_text().splitlines()
    assert json.loads(lines[0])["run"]["system"] == "bm25"
    assert len(lines) == 3


@pytest.mark.parametrize("floor", [0.9, 1.1])
def test_a_gate_decides_the_exit_code(floor: float, gold: Path, served: Path, exits: Exits, tmp_path: Path) -> None:
    gate, out = write_gate(tmp_path, floor), tmp_path / "out"
    code, output, error = exits("eval", "run", "--gold", gold, "--index", served, "--out", out, "--gate", gate)
    assert (code, "The gate holds." in output) == ((0, True) if floor < 1 else (1, False))
    assert error.count("Gate: ") == (0 if floor < 1 else 2)
    assert (out / "report.html").is_file()
    compared = exits("eval", "compare", out, out, "--gate", gate)
    assert compared[0] == code


def test_two_runs_are_compared(gold: Path, served: Path, exits: Exits, tmp_path: Path) -> None:
    for name in ("procqa", "bm25"):
        arguments = ("eval", "run", "--gold", gold, "--index", served, "--out", tmp_path / name, "--system", name)
        assert exits(*arguments)[0] == 0
    page = tmp_path / "compared.html"
    code, output, error = exits("eval", "compare", tmp_path / "procqa", tmp_path / "bm25", "--html", page)
    assert (code, error) == (0, "")
    assert "bm25" in output
    assert page.read_text(encoding="utf-8").lower().startswith("<!doctype html>")


@pytest.mark.parametrize("option", [["--system", "bm25"], ["--index", "index"]], ids=" ".join)
def test_a_service_has_a_system_and_an_index_of_its_own(option: list[str], gold: Path, exits: Exits) -> None:
    code, output, error = exits("eval", "run", "--gold", gold, "--url", "http://127.0.0.1:9", *option)
    assert (code, output) == (2, "")
    assert "--url asks a service" in error


def test_gold_that_fits_the_pages_passes_the_check(gold: Path, served: Path, exits: Exits) -> None:
    assert exits("eval", "check", "--gold", gold, "--index", served) == (0, f"{gold}: 6 questions fit the pages.\n", "")


def test_gold_that_does_not_fit_fails_the_check(served: Path, exits: Exits, tmp_path: Path) -> None:
    gold = write_gold(tmp_path / "gold.jsonl", quote="You stay for 99 days.")
    code, output, error = exits("eval", "check", "--gold", gold, "--index", served)
    assert (code, output) == (1, "")
    assert error.count("You stay for 99 days.") == 3


def test_a_calibration_is_fitted_and_kept(served: Path, exits: Exits, tmp_path: Path) -> None:
    gold = write_gold(tmp_path / "gold.jsonl", times=10)
    before = (served / "calibration.json").read_text()
    code, output, error = exits("eval", "calibrate", "--gold", gold, "--index", served, "--refusals", "0")
    assert code == 0, error
    assert output.startswith("Fitted on ")
    assert str(served / "calibration.json") in output
    assert json.loads((served / "calibration.json").read_text())["model"] == "words"
    assert (served / "calibration.json").read_text() != before
    asked = exits("ask", ASKED[0][0], "--index", served)
    assert asked[1].startswith(ASKED[0][2])


def test_questions_over_another_index_are_fitted_on_too(served: Path, exits: Exits, tmp_path: Path) -> None:
    gold = write_gold(tmp_path / "gold.jsonl", times=10)
    alone = exits("eval", "calibrate", "--gold", gold, "--index", served)[1]
    code, output, error = exits("eval", "calibrate", "--gold", gold, "--index", served, "--also", gold, served)
    assert code == 0, error
    assert [text.split()[2] for text in (alone, output)] == ["60", "120"]


def test_another_index_that_is_not_there_is_one_sentence(served: Path, exits: Exits, tmp_path: Path) -> None:
    gold = write_gold(tmp_path / "gold.jsonl", times=10)
    code, output, error = exits("eval", "calibrate", "--gold", gold, "--index", served, "--also", gold, tmp_path / "no")
    assert (code, output) == (2, "")
    assert error.startswith("procqa: There is no index in ")


def test_too_few_questions_keep_the_calibration(gold: Path, served: Path, exits: Exits) -> None:
    before = (served / "calibration.json").read_bytes()
    code, output, error = exits("eval", "calibrate", "--gold", gold, "--index", served)
    assert (code, output) == (2, "")
    assert error.splitlines()[-1].endswith("needs at least 20 of each.")
    assert (served / "calibration.json").read_bytes() == before


def test_a_damaged_calibration_is_one_sentence(served: Path, exits: Exits) -> None:
    (served / "calibration.json").write_text("{")
    code, output, error = exits("ask", ASKED[0][0], "--index", served)
    assert (code, output, one_sentence(error)) == (2, "", True)
    assert "`procqa eval calibrate`" in error


def test_a_squad_file_is_imported(exits: Exits, tmp_path: Path) -> None:
    context = "Knee arthroscopy takes one hour. You go home the same day."
    answer = {"text": "one hour", "answer_start": context.index("one hour")}
    question = {"id": "q1", "question": "How long does it take?", "answers": [answer], "is_impossible": False}
    data = {"version": "v2.0", "data": [{"title": "Knee", "paragraphs": [{"context": context, "qas": [question]}]}]}
    (tmp_path / "squad.json").write_text(json.dumps(data))
    code, output, error = exits("eval", "import", "squad", tmp_path / "squad.json", tmp_path / "set")
    assert (code, error) == (0, "")
    assert output.strip()
    assert (tmp_path / "set" / "corpus.jsonl").is_file()
    assert list((tmp_path / "set").glob("*gold*.jsonl"))


@pytest.mark.parametrize("form", ["squad", "beir"])
def test_what_cannot_be_imported_is_one_sentence(form: str, exits: Exits, tmp_path: Path) -> None:
    code, output, error = exits("eval", "import", form, tmp_path / "none", tmp_path / "set")
    assert (code, output, one_sentence(error)) == (2, "", True)


@pytest.mark.parametrize("command", ["run", "check", "calibrate"])
def test_missing_gold_is_one_sentence(command: str, served: Path, exits: Exits, tmp_path: Path) -> None:
    code, _, error = exits("eval", command, "--gold", tmp_path / "none.jsonl", "--index", served)
    assert code == 2
    assert error.splitlines()[-1].startswith("procqa: The gold file ")


@pytest.mark.parametrize("command", ["run", "check", "calibrate", "compare", "import"])
def test_missing_arguments_are_wrong_usage(command: str, exits: Exits) -> None:
    code, output, error = exits("eval", command)
    assert (code, output) == (2, "")
    assert "Error: Missing " in error
