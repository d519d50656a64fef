"""report.html: read as a browser would, and how questions are sorted into kinds of failure."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from run_folders import BLANK, GOLD, HEADER, TEXT, answered, refused, unanswerable, write_folder
from selectolax.lexbor import LexborHTMLParser as HTMLParser

from procqa.errors import ProcqaError
from procqa.evaluation.charts import interval_bar, latency_chart
from procqa.evaluation.failures import Ending, by_ending, ending, seen_passages
from procqa.evaluation.metrics import METRICS
from procqa.evaluation.records import Figure
from procqa.evaluation.report import write_report
from procqa.evaluation.wording import MEANINGS, shown, topics

ENDINGS = [
    (answered(GOLD), Ending.RIGHT),
    (unanswerable(refused()), Ending.RIGHT_REFUSAL),
    (answered(GOLD, doc_id="heart/mitral"), Ending.TWIN_ANSWER),
    (unanswerable(answered(GOLD)), Ending.FALSE_ANSWER),
    (answered(GOLD, doc_id="knee"), Ending.WRONG_PAGE),
    (answered("Bleeding.", section="Risks"), Ending.WRONG_SECTION),
    (answered(GOLD, section="Summary"), Ending.RIGHT),
    (answered("You stay in hospital."), Ending.WRONG_WORDS),
    (refused(), Ending.FALSE_REFUSAL),
    (replace(BLANK, error="TimeoutError: too slow"), Ending.FAILED),
    (answered(GOLD, status="needs_clarification"), Ending.RIGHT),
]
ROWS = [row for row, _ in ENDINGS]


def read(path: Path) -> HTMLParser:
    return HTMLParser(path.read_text(encoding="utf-8"))


def words(page: HTMLParser, selector: str = "body") -> str:
    return " ".join(" ".join(node.text() for node in page.css(selector)).split())


@pytest.mark.parametrize(("row", "expected"), ENDINGS)
def test_every_question_has_one_ending(row, expected):
    assert ending(row) == expected


def test_endings_hold_every_row_once_the_most_confident_first():
    rows = [answered("No.", confidence=0.3), answered("Yes.", confidence=0.9), refused()]
    grouped = by_ending(rows)
    assert sum(map(len, grouped.values())) == 3
    assert [row.confidence for row in grouped[Ending.WRONG_WORDS]] == [0.9, 0.3]


def test_passages_are_cut_where_quotes_begin_and_end():
    row = answered("Driving is allowed")
    twin, right = seen_passages(row, 5)
    assert (twin.twin, twin.right_page, right.right_section) == (True, False, True)
    assert "".join(piece.text for piece in right.pieces) == TEXT
    assert [(piece.text, piece.gold, piece.answered) for piece in right.pieces] == [
        ("You stay in hospital. ", False, False),
        ("Driving is allowed", True, True),
        (" after 6 weeks.", True, False),
    ]
    assert seen_passages(row, 1) == [twin]


def test_a_quote_that_leaves_the_passage_is_cut_to_it():
    passage = replace(BLANK.passages[1], start=130, end=140, text=GOLD[8:18])
    (seen,) = seen_passages(replace(BLANK, passages=(passage,)), 5)
    assert [(piece.text, piece.gold) for piece in seen.pieces] == [(GOLD[8:18], True)]


def test_the_report_names_the_run_its_figures_and_its_failures(tmp_path):
    path = write_report(write_folder(tmp_path / "run", ROWS))
    page = read(path)
    header = words(page, "header")
    for fact in ("procqa", "0123456789ab-dirty", "index-7", "words", "gold.jsonl", "abababababab", HEADER.created):
        assert fact in header
    assert "passage_tokens = 180" in header
    assert words(page, ".tiles li:first-child").startswith("Score over all questions 0.")
    table = words(page, "#figures")
    assert all(metric.title in table for metric in METRICS.values())
    assert all(meaning in table for meaning in MEANINGS.values())
    for kind in Ending:
        in_report = page.css_first(f"#{kind}") is not None
        assert in_report == (kind not in (Ending.RIGHT, Ending.RIGHT_REFUSAL))
    case = words(page, "#twin_answer ~ article")
    assert "when can i drive?" in case
    assert "heart/mitral · Recovery" in case
    assert len(page.css("svg.chart")) == 3
    assert words(page, ".kinds li:first-child") == "Right 3 (27%)"


def test_the_report_loads_nothing_and_runs_nothing(tmp_path):
    text = write_report(write_folder(tmp_path / "run", ROWS)).read_text(encoding="utf-8")
    page = HTMLParser(text)
    assert not page.css("script, link, img, iframe, object")
    assert not re.search(r"(?:src|href)=[\"'](?!#)|url\(|@import|https?://", text)


def test_what_people_and_pages_wrote_is_escaped(tmp_path):
    evil = "<script>alert('x')</script> & \"<b>\""
    row = answered(evil, section=evil, question=evil, history=(evil,), tags=(evil,), family=evil, doc_id=evil)
    row = replace(row, gold_answers=((evil,),), passages=(replace(BLANK.passages[0], text=evil, doc_id=evil),))
    header = replace(HEADER, system=evil, gold_file=evil, settings={evil: evil}, embedding_model=evil)
    rows = [row, replace(BLANK, error=evil), replace(refused(), reason=evil, options=(evil,))]
    page = read(write_report(write_folder(tmp_path / "run", rows, header)))
    assert not page.css("script, b")
    assert words(page, "article h4").startswith(evil)
    assert evil in words(page, "title")
    assert evil in words(page, ".bad")


def test_long_lists_of_failures_are_cut_and_say_so(tmp_path):
    page = read(write_report(write_folder(tmp_path / "run", [refused()] * 20)))
    assert len(page.css("article")) == 8
    assert "The first 8 are shown" in words(page, "#failures")


@pytest.mark.parametrize("rows", [[], [refused()], [replace(BLANK, error="ValueError: x", timing_ms={})]])
def test_runs_with_little_in_them_still_give_a_page(tmp_path, rows):
    assert "How well does procqa answer?" in words(read(write_report(write_folder(tmp_path / "run", rows))))


def test_a_folder_without_a_run_is_an_error(tmp_path):
    with pytest.raises(ProcqaError, match=r"run\.jsonl cannot be read"):
        write_report(tmp_path)


def test_bars_and_their_whiskers_stand_at_the_figure():
    bar = interval_bar(Figure(0.5, 0.25, 0.75, 10))
    assert 'width="50.00"' in bar
    assert "M25.00 5H75.00" in bar
    assert interval_bar(Figure(None, None, None, 0)) == ""


def test_the_histogram_counts_every_question():
    for times in ([5.0], [0.0, 1.0], [1.0, 10.0, 10.0, 1000.0]):
        titles = re.findall(r"(\d+) questions in", latency_chart(times, [("median", times[0])]))
        assert sum(map(int, titles)) == len(times)


@pytest.mark.parametrize(
    ("metric", "value", "sign", "expected"),
    [
        ("token_f1", 0.684, False, "0.68"),
        ("token_f1", None, False, "–"),
        ("token_f1", -0.114, True, "−0.11"),
        ("token_f1", 0.2, True, "+0.20"),
        ("token_f1", -0.0001, False, "0.00"),
        ("token_f1", 0.0001, True, "0.00"),
        ("answer_words_p50", 12.0, False, "12"),
        ("answer_words_p50", -3.0, True, "−3"),
        ("latency_p50_ms", 1234.0, False, "1.23 s"),
        ("latency_p50_ms", 0.42, False, "0.42 ms"),
        ("latency_p50_ms", -37.2, True, "−37.2 ms"),
    ],
)
def test_values_are_written_for_people(metric, value, sign, expected):
    assert shown(metric, value, sign=sign) == expected


def test_every_metric_has_one_place_and_no_meaning_is_left_over():
    placed = [name for topic in topics() for name in topic.names]
    assert sorted(placed) == sorted(METRICS)
    assert MEANINGS.keys() <= METRICS.keys()
