"""Citations say where words stand, and never leave when they do not stand there."""

from __future__ import annotations

import pytest

from procqa.answering.choose import Chosen, SectionLine
from procqa.answering.citations import CONTEXT, cite
from procqa.errors import SnapshotError
from procqa.types import Document, Line

TEXT = "Day 2 😀: rest. Then walk. " + "x" * 50
PAGE = Document("hand", "Hand repair", TEXT, (), "abc")


def chosen(*words: str, confidence: float = 0.5) -> Chosen:
    lines = [(TEXT.index(text), text) for text in words]
    return Chosen(
        "hand", "Recovery", tuple(SectionLine(Line(a, a + len(t), 0, False), t, 1.0) for a, t in lines), confidence
    )


def test_a_citation_says_where_the_words_stand() -> None:
    (answer,), (citation,) = cite([[chosen("Then walk.")]], {"hand": PAGE})
    assert (answer.text, answer.confidence, answer.spans[0].citation) == ("Then walk.", 0.5, "c1")
    assert (citation.id, citation.doc_id, citation.title, citation.section) == ("c1", "hand", "Hand repair", "Recovery")
    assert (citation.start, citation.end, citation.exact) == (15, 25, "Then walk.")
    assert citation.utf16 == (16, 26)  # the smile before it is two units
    assert citation.prefix == TEXT[:15]
    assert citation.suffix == " " + "x" * (CONTEXT - 1)
    assert citation.doc_sha256 == "abc"


def test_equal_places_share_a_citation() -> None:
    answers, citations = cite([[chosen("Day 2 😀: rest.", "Then walk.")], [chosen("Then walk.")]], {"hand": PAGE})
    assert [[span.citation for span in answer.spans] for answer in answers] == [["c1", "c2"], ["c2"]]
    assert [citation.exact for citation in citations] == ["Day 2 😀: rest.", "Then walk."]
    assert citations[0].utf16 == (0, 15)
    assert answers[0].text == "Day 2 😀: rest.\nThen walk."


def test_an_answer_of_pieces_is_as_sure_as_the_least_sure_of_them() -> None:
    foot = Document("foot", "Foot repair", TEXT, (), "def")
    piece = chosen("Then walk.", confidence=0.4)
    other = Chosen("foot", "Summary", piece.lines, 0.7)
    (answer,), citations = cite([[other, piece]], {"hand": PAGE, "foot": foot})
    assert (answer.text, answer.confidence) == ("Then walk.\nThen walk.", 0.4)
    assert [(item.doc_id, item.section, item.start) for item in citations] == [
        ("foot", "Summary", 15),
        ("hand", "Recovery", 15),
    ]


def test_no_answer_has_no_citation() -> None:
    assert cite([], {}) == ((), ())


def test_words_that_do_not_stand_there_are_refused() -> None:
    line = Line(0, 5, 0, False)
    moved = Chosen("hand", "Recovery", (SectionLine(line, "Day 3", 1.0),), 0.5)
    with pytest.raises(SnapshotError, match="`procqa index verify`"):
        cite([[moved]], {"hand": PAGE})
