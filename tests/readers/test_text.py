from collections.abc import Callable

import pytest

from procqa.readers import CANONICAL_SECTIONS, Page

SPACED = """Search all medical codes

Draining a knee

CPT4 code

Name of the Procedure:

Draining a Knee (Arthrocentesis)

Summary

Fluid is drawn from the knee.

Preparation

  • No fasting
  • Say which blood thinners you take

Procedure Description

  1. Preparation
  2. The needle goes in beside the kneecap.

Special Equipment

A long needle.

Recovery

Rest for one day. During
recovery
keep the knee up.

Patient Experience

A brief sting.

Medical Policies and Guidelines for Draining a knee

Related policies from health plans

Similar Codes
Something Else Entirely
"""

TIGHT = """draining a knee
CPT4 code
Name of the Procedure: Draining a Knee
Summary
Fluid is drawn from the patient’s knee.
Indications
The procedure is indicated for patients who:
- Have a swollen knee
- Risks
Risks and Complications
- Infection
- Rarely, bleeding Bleeding is managed with a bandage.
Costs And Billing
You get one bill.
Recovery
Rest for a day.
This page is general education and has not been reviewed for use in care.
"""


def test_spaced_layout(page: Callable[..., Page], bodies: Callable[..., dict[str, str]]) -> None:
    read = page("knee.txt", SPACED)
    found = bodies(read)
    assert read.document.title == "Draining a Knee (Arthrocentesis)"
    assert read.document.metadata["aliases"] == ["Draining a knee"]
    assert found == {
        "Summary": "Fluid is drawn from the knee.",
        "Preparation": "• No fasting\n  • Say which blood thinners you take",
        "Procedure Description": "1. Preparation\n  2. The needle goes in beside the kneecap.",
        "Special Equipment": "A long needle.",
        "Recovery": "Rest for one day. During\nrecovery\nkeep the knee up.",
        "Patient Experience": "A brief sting.",
    }
    assert [(r.line, r.rule) for r in read.removals] == [
        (1, "code-lookup"),
        (3, "title-line"),
        (5, "code-kind"),
        (39, "policies"),
        (41, "policies"),
        (43, "policies"),
        (44, "policies"),
    ]
    assert "Purpose" in read.missing
    assert "Summary" not in read.missing


def test_tight_layout(page: Callable[..., Page], bodies: Callable[..., dict[str, str]]) -> None:
    read = page("knee.txt", TIGHT)
    assert read.document.title == "Draining a Knee"
    assert bodies(read) == {
        "Summary": "Fluid is drawn from the patient’s knee.",
        "Indications": "The procedure is indicated for patients who:\n- Have a swollen knee\n- Risks",
        "Risks and Complications": "- Infection\n- Rarely, bleeding Bleeding is managed with a bandage.",
        "Costs And Billing": "You get one bill.",
        "Recovery": "Rest for a day.",
    }
    assert [r.rule for r in read.removals] == ["title-line", "code-kind", "disclaimer"]


def test_without_a_name_heading_the_first_line_is_the_title(page: Callable[..., Page]) -> None:
    read = page("a.txt", "Share this page\n\nKnee tap\n\nA word first.\n\nSUMMARY\n\nWords.\n")
    assert read.document.title == "Knee tap"
    assert [(s.name, s.heading) for s in read.document.sections] == [("Introduction", ""), ("Summary", "SUMMARY")]


def test_a_page_that_begins_with_prose_is_named_after_its_file(page: Callable[..., Page]) -> None:
    assert page("knee-tap.txt", "Summary\nWords.\n").document.title == "Knee tap"


def test_numbered_headings_on_a_page_that_numbers_them(
    page: Callable[..., Page], bodies: Callable[..., dict[str, str]]
) -> None:
    read = page("a.txt", "Knee tap\n1. Summary\nWords.\n2. Preparation\nNone.\n")
    assert bodies(read) == {"Summary": "Words.", "Preparation": "None."}


def test_text_is_kept_character_for_character(page: Callable[..., Page]) -> None:
    body = "Summary\n\n  • It’s   a “test” – ½ ﬁne\t.\n\n\n    indented\n"
    assert page("a.txt", b"\xef\xbb\xbf" + body.replace("\n", "\r\n").encode()).document.text == body


def test_control_characters_and_bidi_overrides_are_dropped(page: Callable[..., Page]) -> None:
    text = page("a.txt", "Summary\nDo \u202enot\u202c wait.\x07\x1b[31m\n").document.text
    assert text == "Summary\nDo not wait.[31m\n"


def test_boilerplate_words_inside_the_body_stay(
    page: Callable[..., Page], bodies: Callable[..., dict[str, str]]
) -> None:
    read = page("a.txt", "Tap\nSummary\nSimilar Codes apply.\nSearch\nRecovery\nHome > bed\nRest.\n")
    assert bodies(read) == {"Summary": "Similar Codes apply.\nSearch", "Recovery": "Home > bed\nRest."}


def test_an_empty_section_is_missing(page: Callable[..., Page]) -> None:
    read = page("a.txt", "Tap\n\nSummary\n\nRecovery\n\nRest.\n")
    assert [section.name for section in read.document.sections] == ["Recovery"]
    assert "Summary" in read.missing


@pytest.mark.parametrize(
    "content", ["just words\n", "Title\n\nA paragraph of text.\n", "Summary\n", "Summary\n\nRecovery\n"]
)
def test_a_text_without_sections_is_set_aside(reason: Callable[..., str], content: str) -> None:
    assert "no sections" in reason("a.txt", content)


def test_all_canonical_headings_in_both_layouts(page: Callable[..., Page]) -> None:
    for gap in ("\n", "\n\n"):
        content = gap.join(["Tap", *(part for name in CANONICAL_SECTIONS for part in (name, f"About {name}."))])
        read = page("a.txt", content)
        assert read.missing == ()
        assert [section.name for section in read.document.sections] == list(CANONICAL_SECTIONS)
