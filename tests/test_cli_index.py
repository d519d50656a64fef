"""`procqa index` and `procqa doctor`: plans, gates, versions, watching, and what is wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from procqa.embedding import Encoder
from procqa.index import build as building
from procqa.index.build import build_index
from procqa.index.versions import current_folder
from procqa.settings import Settings

Exits = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def words(served: Path, encoder: Encoder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Builds use the words encoder too."""
    monkeypatch.setattr(building, "_encoder", lambda settings, folder, progress: encoder)


def change(settings: Settings, days: int) -> None:
    (settings.corpus / "ankle.md").write_text(f"# Ankle repair\n\n## Recovery\n\nRest for {days} days.\n")


def test_a_dry_run_tells_the_plan_and_does_nothing(settings: Settings, exits: Exits) -> None:
    options = (settings.corpus, "--index", settings.index, "--dry-run")
    code, output, _ = exits("index", "build", *options)
    assert code == 0
    assert "is current: a build would publish nothing." in output
    change(settings, 4)
    (settings.corpus / "knee.md").unlink()
    before = current_folder(settings.index)
    code, output, _ = exits("index", "build", *options)
    assert code == 0
    assert "1 new, 0 changed, 0 moved, 1 deleted" in output
    assert "New: ankle\nDeleted: knee\n" in output
    assert "A build would embed 1 of 9 passages and publish a snapshot." in output
    assert current_folder(settings.index) == before
    code, output, _ = exits("index", "build", *options, "--passage-tokens", "64")
    assert "Passages have 64 tokens, not 180: every page is split anew" in output


def test_versions_are_listed_rolled_back_and_pruned(settings: Settings, exits: Exits) -> None:
    first = (settings.index / "CURRENT").read_text().strip()
    change(settings, 4)
    code, output, _ = exits("index", "build", settings.corpus, "--index", settings.index, "--keep", "2")
    assert code == 0
    second = (settings.index / "CURRENT").read_text().strip()
    code, output, _ = exits("index", "list", "--index", settings.index)
    assert [line.split()[0] for line in output.splitlines()] == [second, first]
    assert output.splitlines()[0].endswith("current")
    assert "4 pages  11 passages" in output
    (settings.corpus / "ankle.md").unlink()
    exits("index", "build", settings.corpus, "--index", settings.index)
    code, output, error = exits("index", "rollback", "--index", settings.index)
    assert (code, output) == (0, f"{settings.index}: {second} is current again.\n")
    assert "Answered again, though gone from the snapshot before: ankle." in error
    assert exits("index", "verify", "--all", "--index", settings.index)[1].count("every file is as it was built") == 3
    code, output, _ = exits("index", "prune", "--keep", "1", "--index", settings.index)
    assert first in output
    assert exits("index", "prune", "--index", settings.index)[1] == "There was nothing to remove.\n"
    assert len(exits("index", "list", "--index", settings.index)[1].splitlines()) == 1
    code, _, error = exits("index", "rollback", "--index", settings.index)
    assert code == 2
    assert "There is no older snapshot" in error


def test_a_folder_without_snapshots_says_so(tmp_path: Path, exits: Exits) -> None:
    code, output, error = exits("index", "list", "--index", tmp_path / "none")
    assert (code, output) == (1, "")
    assert "`procqa index build`" in error
    assert exits("index", "verify", "--index", tmp_path / "none")[0] == 1
    (tmp_path / "CURRENT").write_text("away")
    code, _, error = exits("index", "verify", "--index", tmp_path)
    assert (code, "The current snapshot away is gone" in error) == (1, True)


def test_a_gate_that_does_not_hold_publishes_nothing(settings: Settings, exits: Exits, tmp_path: Path) -> None:
    gold = {"id": "q1", "question": "How long?", "relevant": [{"doc_id": "knee", "section": "Recovery"}]}
    (tmp_path / "gold.jsonl").write_text(json.dumps({**gold, "answers": [["Walk with crutches"]]}) + "\n")
    (settings.corpus / "knee.md").unlink()
    before = (settings.index / "CURRENT").read_text()
    code, _, error = exits(
        "index", "build", settings.corpus, "--index", settings.index, "--gate", tmp_path / "gold.jsonl"
    )
    assert code == 1
    assert "Gate: The gold does not fit the new pages: q1: there is no page knee." in error
    assert "Nothing was published: the current snapshot stays." in error
    assert (settings.index / "CURRENT").read_text() == before


def test_watching_builds_and_goes_on_after_a_failure(
    settings: Settings, exits: Exits, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcomes = []

    def watch_twice(corpus: Path, build: Callable[[], bool], *_: object) -> None:
        outcomes.append(build())
        for page in list(corpus.rglob("*.*")):
            page.unlink()
        outcomes.append(build())
        raise KeyboardInterrupt

    monkeypatch.setattr("procqa.index.watch.watch", watch_twice)
    change(settings, 5)
    code, output, error = exits("index", "watch", settings.corpus, "--index", settings.index)
    assert (code, outcomes) == (0, [True, False])
    assert "is the new snapshot." in output
    assert "There is no page to index" in error
    assert error.endswith("Stopped.\n")


def test_a_calibration_for_another_model_is_told(settings: Settings, exits: Exits) -> None:
    path = settings.index / "calibration.json"
    path.write_text(path.read_text().replace('"words"', '"other"'))
    code, found = findings(exits, settings)
    (finding,) = [finding for finding in found if "calibration" in finding["sentence"]]
    assert (code, finding["weight"]) == (0, "warning")
    assert "was fitted for another model" in finding["sentence"]
    assert finding["mend"] == f"procqa eval calibrate --gold FILE --index {settings.index}"


def findings(exits: Exits, settings: Settings) -> tuple[int, list[dict[str, str]]]:
    code, output, _ = exits("doctor", settings.corpus, "--index", settings.index, "--json")
    return code, [json.loads(line) for line in output.splitlines()]


def test_doctor_finds_nothing_but_notes_in_a_healthy_index(settings: Settings, exits: Exits) -> None:
    code, found = findings(exits, settings)
    assert code == 0
    assert {finding["weight"] for finding in found if finding["part"] != "index"} == {"note"}
    (twins,) = [finding for finding in found if "twins" in finding["sentence"]]
    assert "heart/aortic and heart/mitral (aortic | mitral)" in twins["sentence"]
    (missing,) = [finding for finding in found if "sections" in finding["sentence"]]
    assert "Benefits (3)" in missing["sentence"]


def test_doctor_names_the_command_for_every_problem(settings: Settings, exits: Exits, encoder: Encoder) -> None:
    change(settings, 4)
    version = build_index(settings, encoder=encoder).version
    change(settings, 5)
    (settings.corpus / "bad.txt").write_bytes(b"\x00")
    (settings.corpus / "again.md").write_text("# Repair of the ankle\n\n## Recovery\n\nRest.\n")
    (settings.corpus / "long.md").write_text("# Long\n\n## Summary\n\n" + "word and " * 300 + "end.\n")
    folder = settings.index / "snapshots" / version
    (folder / "titles.npy").write_bytes(b"x")
    (settings.index / "snapshots" / ".20200101.building").mkdir()
    code, found = findings(exits, settings)
    assert code == 1
    told = {finding["sentence"]: finding for finding in found}
    build = f"procqa index build {settings.corpus} --index {settings.index}"

    def one(words: str) -> dict[str, str]:
        (sentence,) = [sentence for sentence in told if words in sentence]
        return told[sentence]

    assert one("titles.npy has 1 bytes")["mend"] == build
    assert one("titles.npy has 1 bytes")["weight"] == "problem"
    assert one("left 1 unfinished entry behind")["mend"] == f"procqa index prune --index {settings.index}"
    assert "files 3 new, 1 changed" in one("The pages are not those of the index")["sentence"]
    assert one("Set aside: bad.txt")["mend"].endswith(build)
    assert "ankle" in one("1 title that more than one page has")["sentence"]
    assert "long › Summary" in one("1 sentence of more than 180 tokens")["sentence"]


def test_doctor_without_index_or_corpus(settings: Settings, exits: Exits, tmp_path: Path) -> None:
    code, output, _ = exits("doctor", tmp_path / "nowhere", "--index", tmp_path / "none")
    assert code == 1
    assert f"PROBLEM  index: There is no index in {tmp_path / 'none'}." in output
    assert f"mend: procqa index build {tmp_path / 'nowhere'} --index {tmp_path / 'none'}" in output
    assert "NOTE  corpus: There is no corpus at" in output
    (settings.index / "CURRENT").write_text("gone")
    assert "The current snapshot gone is gone." in exits("doctor", settings.corpus, "--index", settings.index)[1]
