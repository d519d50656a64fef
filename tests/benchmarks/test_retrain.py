"""The command that teaches the shipped models names what is there, goes on where it was, and installs what it made."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click
import pytest

from benchmarks import retrain
from procqa.cli.main import procqa


def parsed(words: Sequence[str]) -> dict[str, object]:
    """The options of a procqa command, each checked as the command itself checks them."""
    # With the settings of the top command: a command remembers the form of its help option from its first context.
    context, command, rest = click.Context(procqa, **procqa.context_settings), procqa, list(words)
    while isinstance(command, click.Group):
        _, found, rest = command.resolve_command(context, rest)
        assert found is not None
        command = found
    return command.make_context(command.name, rest, parent=context).params


def test_every_training_question_is_taught_and_none_that_tells_what_it_is_worth(tmp_path: Path) -> None:
    general = [tmp_path / "one", tmp_path / "two"]
    options = parsed(list(retrain.training(tmp_path / "teacher", general, tmp_path / "out")))
    gold, reader_gold = options["gold"], options["reader_gold"]
    assert isinstance(gold, tuple)
    assert isinstance(reader_gold, tuple)
    assert sorted(gold + reader_gold) == sorted(retrain.TRAIN.glob("gold-*.jsonl"))
    assert options["dev_gold"] == retrain.EVAL / "gold-dev.jsonl"
    assert all(Path(str(options[name])).exists() for name in ("corpus", "dev_corpus", "dev_gold"))
    assert options["asked"] == (retrain.TRAIN / "asked.txt",)
    assert options["first"] == tuple((folder / "corpus.jsonl", folder / "gold.jsonl") for folder in general)


def test_what_is_taught_is_not_taught_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[Sequence[str]] = []
    monkeypatch.setattr(retrain, "_procqa", ran.append)
    monkeypatch.setattr(retrain, "general_sets", lambda data, folder: [])
    arguments = ["--teacher", str(tmp_path), "--data", str(tmp_path), "--work", str(tmp_path)]
    assert retrain.main(arguments) == 0
    assert [words[0] for words in ran] == ["train", "index", "index", "eval", "eval"]
    model = tmp_path / retrain.NAME
    built, second, fitted, unread = (parsed(list(words)) for words in ran[1:])
    assert built["model"] == second["model"] == str(model)
    assert (bool(fitted["fast"]), unread["fast"]) == (False, True)
    model.mkdir()
    (model / "README.md").write_text("# the card", encoding="utf-8")
    ran.clear()
    assert retrain.main(arguments) == 0
    assert [words[0] for words in ran] == ["index", "index", "eval", "eval"]
    assert retrain.main(["--teacher", "t", "--data", str(tmp_path / "none"), "--work", str(tmp_path)]) == 2


def test_a_command_that_fails_ends_it(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(retrain.ProcqaError, match="`procqa index` ended with 1"):
        retrain._procqa(["index", "verify", "--index", str(tmp_path / "none")])
    assert capfd.readouterr().out.startswith("procqa index verify --index ")


def test_models_and_calibrations_take_the_place_of_those_that_ship(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retrain, "PACKAGE", tmp_path / "package")
    model, index = tmp_path / "model", tmp_path / "index"
    made = [model / "model.onnx", model / "README.md", model / "weights" / "model.safetensors"]
    kept = tmp_path / "package" / "embedding" / "model" / "README.md"
    for path in (*made, index / "calibration.json", index / "calibration-unread.json", index / "CURRENT", kept):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(str(path), encoding="utf-8")
    (tmp_path / "package" / "answering").mkdir()
    retrain.install(model, index)
    assert {str(path.relative_to(tmp_path / "package")) for path in (tmp_path / "package").rglob("*.*")} == {
        "embedding/model/README.md",
        "embedding/model/model.onnx",
        "answering/calibration.json",
        "answering/calibration-unread.json",
    }
    assert kept.read_text(encoding="utf-8") == str(kept)
