import os
from collections.abc import Callable
from pathlib import Path

import pytest

from procqa.errors import ReadError
from procqa.readers import FORMATS, Page, SetAside, read_corpus, read_file, source_files

GOOD = "Tap\n\nSummary\n\nWords.\n"


def _ids(root: Path) -> list[str]:
    return [item.document.doc_id for item in read_corpus(root) if isinstance(item, Page)]


def _reasons(root: Path) -> list[str]:
    return [item.reason for item in read_corpus(root) if isinstance(item, SetAside)]


def test_pages_come_in_order_and_what_is_no_page_is_passed_over(write: Callable[..., Path], tmp_path: Path) -> None:
    for name in ("b/z.txt", "b/a.TXT", "a.md", "README.md", "b/readme.txt", "LICENSE.txt", ".hidden.txt", ".git/x.txt"):
        write(name, GOOD)
    write("x.png", b"\x89PNG")
    write("x.csv", "a,b")
    assert _ids(tmp_path) == ["a", "b/a", "b/z"]
    assert _reasons(tmp_path) == []


def test_one_file_is_a_corpus(write: Callable[..., Path]) -> None:
    assert _ids(write("deep/down/tap.txt", GOOD)) == ["tap"]


def test_a_missing_corpus_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="nowhere"):
        list(read_corpus(tmp_path / "nowhere"))


def test_the_second_page_with_a_doc_id_is_set_aside(write: Callable[..., Path], tmp_path: Path) -> None:
    write("tap.md", GOOD)
    write("tap.txt", GOOD)
    assert _ids(tmp_path) == ["tap"]
    (reason,) = _reasons(tmp_path)
    assert "tap.md" in reason
    assert "tap.txt" in reason


def test_doc_ids_are_composed(write: Callable[..., Path], tmp_path: Path) -> None:
    write("cafe\u0301.v2.txt", GOOD)
    assert _ids(tmp_path) == ["caf\u00e9.v2"]


@pytest.mark.parametrize("ending", [ending for ending in FORMATS if ending not in (".pdf", ".docx")])
@pytest.mark.parametrize("content", [b"", b" \n\t ", b"\x00\x01\x02", b"\xff\xfe\x00h", b"Summary \xff\xfe caf\xe9\n"])
def test_what_is_not_text_is_set_aside(reason: Callable[..., str], ending: str, content: bytes) -> None:
    assert reason("a" + ending, content)


def test_a_file_over_the_limit_is_set_aside(reason: Callable[..., str]) -> None:
    assert "20,000,000" in reason("a.txt", b"a" * 20_000_001)
    assert "20,000,000" in reason("a.jsonl", b"a" * 20_000_001)


def test_links(write: Callable[..., Path], tmp_path: Path) -> None:
    good = write("corpus/tap.txt", GOOD)
    root = good.parent
    (root / "loop.txt").symlink_to(root / "loop.txt")
    (root / "broken.txt").symlink_to(root / "gone.txt")
    (root / "around").symlink_to(root)
    (root / "linked.txt").symlink_to(good)
    assert _ids(root) == ["linked", "tap"]
    assert [(item.path) for item in source_files(root)[1]] == ["around", "broken.txt", "loop.txt"]
    assert "circle" in next(iter(read_file(root / "loop.txt", root))).reason  # type: ignore[union-attr]


def test_what_is_no_regular_file_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.txt")
    (reason,) = _reasons(tmp_path)
    assert "pipe.txt" in reason


def test_unreadable_files_are_set_aside(
    write: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("tap.txt", GOOD)
    monkeypatch.setattr(os, "access", lambda *_: False)
    (reason,) = _reasons(tmp_path)
    assert "permission" in reason


def test_a_name_that_is_not_utf8_is_set_aside(tmp_path: Path) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.txt")).write_text(GOOD, encoding="utf-8")
    (reason,) = _reasons(tmp_path)
    assert "UTF-8" in reason
    reason.encode("utf-8")


def test_word_processor_files_without_a_reader_are_mentioned(write: Callable[..., Path], tmp_path: Path) -> None:
    write("tap.doc", b"\xd0\xcf")
    (reason,) = _reasons(tmp_path)
    assert ".docx" in reason
    (item,) = read_file(tmp_path / "tap.doc", tmp_path)
    assert isinstance(item, SetAside)
