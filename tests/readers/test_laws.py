"""What holds for every page, whatever is in it; and the shared pages, read whole."""

import hashlib
import json
import re
import tempfile
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from procqa.readers import CANONICAL_SECTIONS, Page, SetAside, read_corpus, read_file

REPOSITORY = Path(__file__).parents[2]
SHARED = REPOSITORY.parent / "shared"


def check_laws(page: Page) -> None:
    document = page.document
    assert document.sha256 == hashlib.sha256(document.text.encode("utf-8")).hexdigest()
    assert re.search(r"[\x00-\x08\x0b-\x1f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", document.text) is None
    assert document.title.strip()
    end = 0
    for section in document.sections:
        assert end <= section.start < section.end <= len(document.text)
        body = document.text[section.start : section.end]
        assert body == body.strip()
        assert section.name.strip() == section.name != ""
        assert section.name == "Introduction" if not section.heading else not section.heading.endswith(":")
        end = section.end
    present = {section.name for section in document.sections}
    assert page.missing == tuple(name for name in CANONICAL_SECTIONS if name not in present)
    assert all(isinstance(alias, str) for alias in document.metadata["aliases"])
    json.dumps(dict(document.metadata), allow_nan=False)


LINES = st.one_of(
    st.sampled_from(
        [*CANONICAL_SECTIONS, "Name of the Procedure:", "## Risks", "#", "---", "", "", "- item", "  1. step"]
    ),
    st.sampled_from(
        ["Similar Codes", "CPT4 code", "| a | b |", "|---|---|", "**Aftercare**", "<p>x<b>y", "</div>", "Own Words"]
    ),
    st.text(max_size=40),
    st.text(alphabet=" \t\r\n\x0c\x85\u2028\u202e\x00#*-[]()<>&;:|`.1aA•’", max_size=30),
)


@settings(max_examples=150, deadline=None)
@given(lines=st.lists(LINES, max_size=25), ending=st.sampled_from([".txt", ".md", ".html"]))
def test_laws_hold_for_any_lines(lines: list[str], ending: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "page" + ending)
        path.write_bytes("\n".join(lines).encode("utf-8", "surrogatepass"))
        for item in read_file(path, Path(folder)):
            if isinstance(item, Page):
                check_laws(item)
            else:
                assert item.reason.startswith(path.name)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["heading", "text", "name", "body", "id", "x"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.sampled_from(["id", "title", "text", "sections", "aliases", "metadata", "codes"]), JSON))
def test_laws_hold_for_any_record(record: dict[str, object]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "pages.jsonl")
        path.write_text(json.dumps(record) + "\n", encoding="utf-8")
        for item in read_file(path, Path(folder)):
            if isinstance(item, Page):
                check_laws(item)


@pytest.mark.parametrize("ending", [".txt", ".md", ".html"])
@pytest.mark.parametrize(
    "unit", [" ", "•", "- ", "#", "*", "[", "`", "> ", "\n", "- a\n", "# a\n", "a > ", "<div>", "\t1. "]
)
def test_reading_takes_linear_time(ending: str, unit: str, tmp_path: Path) -> None:
    path = tmp_path / f"page{ending}"
    path.write_text(unit * (5_000_000 // len(unit)), encoding="utf-8")
    started = time.perf_counter()
    assert len(list(read_file(path, tmp_path))) == 1
    assert time.perf_counter() - started < 30


def _pages(root: Path) -> list[Page]:
    if not root.exists():
        pytest.skip(f"{root} is not here")
    items = list(read_corpus(root))
    for page in items:
        if isinstance(page, Page):
            check_laws(page)
    assert [item for item in items if isinstance(item, SetAside)] == []
    return [item for item in items if isinstance(item, Page)]


def test_every_page_that_ships_has_all_sections_once() -> None:
    pages = _pages(REPOSITORY / "corpus")
    assert {page.path: page.missing for page in pages if page.missing} == {}
    for page in pages:
        assert [section.name for section in page.document.sections] == list(CANONICAL_SECTIONS), page.path


@pytest.mark.data
def test_the_seed_pages() -> None:
    pages = _pages(SHARED / "seeds")
    assert len(pages) == 2
    for page in pages:
        assert [section.name for section in page.document.sections] == list(CANONICAL_SECTIONS)
        quoted = "\n".join(page.document.text[s.start : s.end] for s in page.document.sections)
        for words in (
            "CPT4",
            "Similar Codes",
            "medical codes",
            "Medical Policies",
            "Name of the Procedure",
            "Related pol",
        ):
            assert words not in quoted
        assert page.document.title not in quoted
    assert pages[0].document.title.endswith("Initial Occlusion Device, Mitral Valve")
    assert pages[1].document.title.endswith("(e.g., for upgrade to dual chamber system)")
    assert "arrhythmias Risk management involves" in pages[1].document.text


@pytest.mark.data
def test_the_nci_pages() -> None:
    pages = _pages(SHARED / "data" / "nci_pages" / "pages")
    assert len(pages) >= 71
    for page in pages:
        assert not page.document.title.endswith(" - NCI"), page.path
        assert "](" not in page.document.text, page.path
        assert "About PDQ" not in page.document.text, page.path
