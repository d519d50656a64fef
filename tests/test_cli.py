"""The command line: exit codes, one clear sentence for each error, and the same object as the HTTP service."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from procqa import __version__
from procqa.cli.main import procqa
from procqa.embedding import Encoder
from procqa.engine import Engine
from procqa.service.responses import AskResponse, SearchResponse

STAY = "How long do I stay in hospital after mitral valve repair?"
COMMANDS = (
    *("index", "index build", "index watch", "index list", "index verify", "index rollback", "index prune"),
    *("ask", "search", "serve", "doctor"),
    *("eval", "eval run", "eval compare", "eval check", "eval calibrate", "eval import"),
)


def run(*arguments: str | Path, cwd: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    """The real program in a process of its own, in an empty environment but for the given variables."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PROCQA_")}
    return subprocess.run(
        [sys.executable, "-c", "from procqa.cli import main; main()", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=cwd,
        env={**kept, **environment},
        check=False,
    )


def invoke(*arguments: str | Path) -> Result:
    return CliRunner().invoke(procqa, [str(argument) for argument in arguments])


@pytest.fixture
def index(served: Path) -> Path:
    """The index that the commands of these tests open."""
    return served


def one_sentence(text: str) -> bool:
    return text.count("\n") == 1 and text.startswith("procqa: ") and text.endswith(".\n") and "Traceback" not in text


@pytest.mark.parametrize("command", ["", *COMMANDS])
@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help_tells_what_a_command_does(command: str, option: str) -> None:
    result = invoke(*command.split(), option)
    assert result.exit_code == 0
    assert result.output.startswith("Usage: ")
    for line in result.output.splitlines():
        assert len(line) <= 100
    described = [line for line in result.output.splitlines() if line.startswith("  ")]
    assert described


def test_help_lists_every_command_with_its_purpose() -> None:
    output = invoke("--help").output
    listed = output.partition("Commands:")[2]
    for name in ("index", "ask", "search", "serve", "eval", "doctor"):
        (line,) = [line for line in listed.splitlines() if line.split()[:1] == [name]]
        assert len(line.split()) > 2


def test_version() -> None:
    result = invoke("--version")
    assert (result.exit_code, result.output) == (0, f"procqa, version {__version__}\n")


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["ask"],
        ["ask", "question", "--no-such-option"],
        ["ask", "question", "--max-answers", "11"],
        ["search", "words", "--top-k", "0"],
        ["serve", "--port", "70000"],
        ["index", "build", "--threads", "many"],
    ],
    ids=" ".join,
)
def test_wrong_usage_exits_with_2(arguments: list[str], exits) -> None:  # type: ignore[no-untyped-def]
    code, output, error = exits(*arguments)
    assert (code, output) == (2, "")
    assert "Error: " in error


def test_an_index_that_is_a_file_is_wrong_usage(exits, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "file").write_text("")
    code, _, error = exits("ask", "question", "--index", tmp_path / "file")
    assert code == 2
    assert "is a file" in error


@pytest.mark.parametrize(
    "arguments", [["ask", "question"], ["search", "words"], ["serve", "--port", "0"]], ids=" ".join
)
def test_no_index_is_one_sentence_with_the_command(
    arguments: list[str],
    exits,
    tmp_path: Path,  # type: ignore[no-untyped-def]
) -> None:
    code, output, error = exits(*arguments, "--index", tmp_path / "none")
    assert (code, output) == (2, "")
    assert one_sentence(error)
    assert str(tmp_path / "none") in error
    assert "`procqa index build" in error


def test_errors_of_every_kind_are_one_sentence(exits, index: Path, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "file").write_text("")
    for arguments in (
        ["ask", "", "--index", index],
        ["ask", "x" * 4001, "--index", index],
        ["search", " ", "--index", index],
        ["index", "build", tmp_path / "no corpus", "--index", tmp_path / "new"],
        ["index", "build", index.parent / "corpus", "--index", tmp_path / "file" / "below"],
        ["index", "build", "--passage-tokens", "3", "--index", index],
    ):
        code, output, error = exits(*arguments)
        assert (code, output) == (2, ""), arguments
        assert one_sentence(error), error
    assert not (tmp_path / "new").exists()


def test_a_wrong_variable_is_one_sentence(
    exits,
    index: Path,
    monkeypatch: pytest.MonkeyPatch,  # type: ignore[no-untyped-def]
) -> None:
    monkeypatch.setenv("PROCQA_PORT", "eight")
    code, _, error = exits("ask", STAY, "--index", index)
    assert (code, one_sentence(error)) == (2, True)
    assert "PROCQA_PORT" in error


def test_an_index_may_come_from_the_environment(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROCQA_INDEX", str(index))
    assert invoke("ask", STAY).output.startswith("You stay in hospital for 3 days.")


def test_an_answer_is_printed_with_its_source(index: Path) -> None:
    result = invoke("ask", STAY, "--index", index)
    assert result.exit_code == 0
    first, source, place = result.output.splitlines()[:3]
    assert first == "You stay in hospital for 3 days."
    assert source.strip().startswith("Mitral valve repair › Recovery (")
    assert place.strip().startswith("heart/mitral, characters ")


def test_quotes_of_several_pages_are_each_printed_with_their_own(index: Path) -> None:
    asked = "How long do I stay in hospital after mitral valve repair and what are the risks of aortic valve repair?"
    lines = invoke("ask", asked, "--index", index).output.splitlines()
    first = lines[: lines.index("")] if "" in lines else lines
    assert first[0] == "• You stay in hospital for 3 days."
    assert first[1].startswith("    Mitral valve repair › Recovery (")
    assert first[2].startswith("    heart/mitral, characters ")
    assert first[3] == "• Bleeding from the wound"
    assert first[-2] == "    Aortic valve repair › Risks and Complications"
    start, end = map(int, first[-1].removeprefix("    heart/aortic, characters ").split(" to "))
    assert start < end


def test_a_list_is_printed_with_bullets(index: Path) -> None:
    result = invoke("ask", "What are the risks and complications of aortic valve repair?", "--index", index)
    assert result.output.splitlines()[:3] == [
        "• Bleeding from the wound",
        "• Infection of the chest wound",
        "• Irregular heartbeat",
    ]


def test_an_abstention_is_an_answer_too(index: Path) -> None:
    result = invoke("ask", "What is the capital of France?", "--index", index)
    assert result.exit_code == 0
    assert result.output.splitlines()[0].endswith(".")


def test_filters_and_history_reach_the_engine(index: Path) -> None:
    asked = "How long do I stay in hospital after valve repair?"
    assert "7 days" in invoke("ask", asked, "--doc-id", "heart/aortic", "--index", index).output
    assert "3 days" in invoke("ask", asked, "--doc-id", "heart/mitral", "--index", index).output
    follow = invoke("ask", "How long do I stay in hospital?", "--history", "Aortic valve repair?", "--index", index)
    assert "7 days" in follow.output


def test_found_passages_are_printed_best_first(index: Path) -> None:
    result = invoke("search", "mitral hospital days", "--top-k", "2", "--index", index)
    assert result.exit_code == 0
    first, second = result.output.strip().split("\n\n")[:2]
    assert "(heart/mitral#recovery-1)" in first
    assert float(first.split()[0]) >= float(second.split()[0])
    nothing = invoke("search", "mitral", "--max-tokens", "1", "--index", index)
    assert nothing.output == "Nothing found.\n"


def test_json_is_the_object_of_the_service(index: Path, encoder: Encoder) -> None:
    engine = Engine.open(index, encoder=encoder)
    printed = json.loads(invoke("ask", STAY, "--json", "--index", index).output)
    expected = json.loads(AskResponse.of(engine.ask(STAY)).model_dump_json())
    for part in (printed, expected):
        assert part.pop("id")
        assert part.pop("timing_ms")["total"] >= 0
    assert printed == expected
    assert printed["answers"][0]["text"] == "You stay in hospital for 3 days."
    found = json.loads(invoke("search", STAY, "--json", "--top-k", "3", "--index", index).output)
    assert found == json.loads(SearchResponse.of(engine.search(STAY, top_k=3), engine.info).model_dump_json())
    engine.close()


def test_verify_tells_whole_from_damaged(index: Path, exits) -> None:  # type: ignore[no-untyped-def]
    version = (index / "CURRENT").read_text().strip()
    result = invoke("index", "verify", "--index", index)
    assert (result.exit_code, result.output) == (0, f"{version}: every file is as it was built.\n")
    path = index / "snapshots" / version / "titles.npy"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    code, output, error = exits("index", "verify", "--index", index)
    assert (code, output) == (1, "")
    assert "titles.npy does not match its checksum" in error
    assert "`procqa index build`" in error


def test_verify_without_an_index_names_the_command(exits, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    code, _, error = exits("index", "verify", "--index", tmp_path)
    assert code != 0
    assert "`procqa index build" in error


def test_the_program_itself_ends_with_its_code(tmp_path: Path) -> None:
    assert run("--version").stdout == f"procqa, version {__version__}\n"
    failed = run("ask", "Why?", cwd=tmp_path)
    assert (failed.returncode, failed.stdout) == (2, "")
    assert one_sentence(failed.stderr)
    misspelt = run("ask", "Why?", cwd=tmp_path, PROCQA_INDX="x")
    assert misspelt.returncode == 2
    assert misspelt.stderr.startswith("procqa: PROCQA_INDX is not a setting")


def test_a_reader_that_goes_away_is_no_error() -> None:
    command = f"{sys.executable} -c 'from procqa.cli import main; main()' --help | true"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=60, check=False)
    assert done.stderr == ""


@pytest.fixture
def real(real_index: Path, tmp_path: Path) -> Path:
    """A copy of the real index and its corpus, to be changed freely."""
    shutil.copytree(real_index.parent, tmp_path / "real")
    return tmp_path / "real"


@pytest.mark.model
def test_build_and_ask_without_a_network_or_options(real: Path) -> None:
    same = run("index", "build", cwd=real)
    assert same.returncode == 0, same.stderr
    assert "3 pages met: 3 indexed, 0 set aside. 10 passages, 0 newly embedded." in same.stdout
    assert "is current: nothing had changed." in same.stdout
    (real / "corpus" / "ankle.md").write_text("# Ankle repair\n\n## Recovery\n\nYou rest for 11 weeks.\n")
    (real / "corpus" / "bad.txt").write_bytes(b"\x00")
    strict = run("index", "build", "--strict", cwd=real)
    assert strict.returncode == 1
    assert "bad.txt" in strict.stderr
    assert "Nothing was published" in strict.stderr
    built = run("index", "build", cwd=real)
    assert built.returncode == 0, built.stderr
    assert "5 pages met: 4 indexed, 1 set aside. 11 passages, 1 newly embedded." in built.stdout
    assert "is the new snapshot." in built.stdout
    assert "Exporting" not in built.stderr
    assert "\r" not in built.stderr
    asked = run("ask", "How long do I rest after ankle repair?", "--json", cwd=real)
    assert asked.stderr == ""
    reply = json.loads(asked.stdout)
    assert reply["answers"][0]["text"] == "You rest for 11 weeks."
    assert reply["citations"][0]["doc_id"] == "ankle"
    assert run("index", "verify", cwd=real).returncode == 0


@pytest.mark.model
def test_a_build_mends_a_damaged_model(real: Path) -> None:
    folder = real / "index" / "snapshots" / (real / "index" / "CURRENT").read_text().strip()
    (folder / "encoder" / "model.onnx").write_bytes(b"x")
    broken = run("ask", STAY, cwd=real)
    assert broken.returncode == 2
    assert one_sentence(broken.stderr)
    built = run("index", "build", cwd=real)
    assert built.returncode == 0, built.stderr
    assert "Traceback" not in built.stderr
    assert run("ask", STAY, cwd=real).stdout.startswith("You stay in hospital for 3 days.")
