import json
from collections.abc import Callable
from pathlib import Path

from procqa.readers import Page, SetAside, read_file

LISTED = {
    "id": "tap/knee",
    "title": "Knee tap",
    "sections": [
        {"heading": "Summary:", "text": "Fluid is drawn."},
        {"name": "Before the procedure", "content": ["No fasting", "Shower"]},
        {"section": "Recovery", "body": ""},
    ],
    "synonyms": "joint tap, knee drain",
    "codes": ["0S9C3ZZ"],
    "metadata": {"reviewed": "2024"},
}


def _read(write: Callable[..., Path], *records: object) -> list[Page | SetAside]:
    lines = [record if isinstance(record, str) else json.dumps(record) for record in records]
    path = write("kept/pages.jsonl", "\n".join(lines) + "\n")
    return list(read_file(path, path.parent.parent))


def test_a_list_of_sections(write: Callable[..., Path], bodies: Callable[..., dict[str, str]]) -> None:
    (page,) = _read(write, LISTED)
    assert isinstance(page, Page)
    document = page.document
    assert (document.doc_id, document.title) == ("tap/knee", "Knee tap")
    assert (
        document.text == "Summary:\n\nFluid is drawn.\n\nBefore the procedure\n\n- No fasting\n- Shower\n\nRecovery\n"
    )
    assert bodies(page) == {"Summary": "Fluid is drawn.", "Preparation": "- No fasting\n- Shower"}
    assert document.metadata["aliases"] == ["joint tap", "knee drain"]
    assert document.metadata["codes"] == ["0S9C3ZZ"]
    assert document.metadata["reviewed"] == "2024"
    assert document.metadata["source_path"] == "kept/pages.jsonl"


def test_an_object_of_sections_and_an_id_from_the_line(write: Callable[..., Path]) -> None:
    blank, page = "", {"name": "Tap", "sections": {"Risks": "Infection.", "Own heading": "Words."}}
    (read,) = _read(write, blank, page)
    assert isinstance(read, Page)
    assert read.document.doc_id == "kept/pages/2"
    assert [section.name for section in read.document.sections] == ["Risks and Complications", "Own heading"]


def test_a_text_is_read_as_plain_text_or_is_an_introduction(write: Callable[..., Path]) -> None:
    sectioned, whole = _read(
        write,
        {"_id": 7, "text": "Tap\nCPT4 code\nSummary\nWords.\nRecovery\nRest."},
        {"contents": "One paragraph.", "title": "T"},
    )
    assert isinstance(sectioned, Page)
    assert isinstance(whole, Page)
    assert (sectioned.document.doc_id, sectioned.document.title) == ("7", "Tap")
    assert [section.name for section in sectioned.document.sections] == ["Summary", "Recovery"]
    assert [(removal.line, removal.rule) for removal in sectioned.removals] == [(1, "code-kind")]
    assert [section.name for section in whole.document.sections] == ["Introduction"]


def test_a_bad_line_is_set_aside_and_the_others_are_read(write: Callable[..., Path]) -> None:
    bad = [
        "{broken",
        "[1, 2]",
        '"words"',
        "[" * 100_000,
        {"title": "nothing else"},
        {"sections": 7},
        {"sections": ["x"]},
        {"id": "a\u0000b", "text": "x"},
        '{"text": "x", "n": ' + "9" * 5000 + "}",
        {"title": "t", "text": " \u0007 "},
    ]
    items = _read(write, *bad, LISTED)
    assert [type(item) for item in items] == [SetAside] * len(bad) + [Page]
    for number, item in enumerate(items[:-1], 1):
        assert isinstance(item, SetAside)
        assert item.reason.startswith(f"kept/pages.jsonl, line {number}: ")


def test_lone_surrogates_and_overrides_do_not_reach_the_text(write: Callable[..., Path]) -> None:
    (page,) = _read(write, '{"id": "a", "text": "so \\ud800\\u202e\\u0000it is", "note": "\\ud800", "n": NaN}')
    assert isinstance(page, Page)
    assert page.document.text == "so it is\n"
    json.dumps(dict(page.document.metadata), allow_nan=False).encode("utf-8")


def test_a_file_without_records_is_set_aside(reason: Callable[..., str]) -> None:
    assert "empty" in reason("a.ndjson", "")
