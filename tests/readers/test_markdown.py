from collections.abc import Callable

import pytest

from procqa.readers import Page

PAGE = """---
title: Knee tap | Joint Care - Example Hospital
aliases: [joint tap, arthrocentesis]
synonyms: knee drain; Joint Tap
codes:
  ICD-10-PCS: [0S9C3ZZ]
reviewed: 2024-05-01
---

# Knee tap | Joint Care - Example Hospital

# Knee tap (arthrocentesis)

![A knee](knee.png)

Fluid is drawn from **the knee** with a [needle](/needle).

##

Before the procedure

Wrapped
words and `code`.

- first
- second
  1. inner one
  2. inner two

## [Risks](/risks) of a knee tap

### Infection

Rare.

| Who | How often |
|---|---|
| adults | 1 in 10,000 |

## Paying

### Insurance

Ask first.

**Aftercare**

Rest.

## About This PDQ Summary

### Purpose of This Summary

Words about words.

*This page is general education and has not been reviewed for use in care.*
"""


def test_a_page_becomes_plain_text(page: Callable[..., Page], bodies: Callable[..., dict[str, str]]) -> None:
    read = page("knee.md", PAGE)
    assert read.document.title == "Knee tap (arthrocentesis)"
    assert bodies(read) == {
        "Introduction": "Fluid is drawn from the knee with a needle.",
        "Preparation": "Wrapped words and code.\n\n- first\n- second\n  1. inner one\n  2. inner two",
        "Risks and Complications": "Infection\n\nRare.\n\nWho | How often\nadults | 1 in 10,000",
        "Insurance": "Ask first.",
        "Recovery": "Rest.",
    }
    headings = [section.heading for section in read.document.sections]
    assert headings == ["", "Before the procedure", "Risks of a knee tap", "Insurance", "Aftercare"]


def test_front_matter_is_metadata(page: Callable[..., Page]) -> None:
    metadata = page("sub/knee.md", PAGE).document.metadata
    assert metadata["aliases"] == ["joint tap", "arthrocentesis", "knee drain"]
    assert metadata["codes"] == {"ICD-10-PCS": ["0S9C3ZZ"]}
    assert metadata["reviewed"] == "2024-05-01"
    assert metadata["source_path"] == "sub/knee.md"


def test_every_removal_names_its_source_line(page: Callable[..., Page]) -> None:
    read = page("knee.md", PAGE)
    lines = PAGE.split("\n")
    assert [removal.rule for removal in read.removals] == ["title-line", *["about-summary"] * 4]
    for removal in read.removals:
        assert removal.text in lines[removal.line - 1]


def test_a_site_suffix_stays_when_no_heading_confirms_the_shorter_title(page: Callable[..., Page]) -> None:
    read = page("a.md", "---\ntitle: Tap - Knee\n---\n\n## Summary\n\nWords.\n")
    assert read.document.title == "Tap - Knee"


def test_a_page_without_headings_is_an_introduction_named_after_its_file(page: Callable[..., Page]) -> None:
    read = page("hernia/open-repair.md", "Only words.\n")
    assert read.document.title == "Open repair"
    assert [(s.name, s.heading) for s in read.document.sections] == [("Introduction", "")]
    assert page("open-repair/main-content-1.md", "Words.").document.title == "Open repair"


def test_headings_without_marks_on_a_page_that_has_no_others(page: Callable[..., Page]) -> None:
    read = page("a.md", "# Tap\n\nSummary\n\nWords.\n\nRecovery\n\nRest.\n")
    assert [section.name for section in read.document.sections] == ["Summary", "Recovery"]


def test_two_sections_of_one_name_both_stay(page: Callable[..., Page]) -> None:
    read = page("a.md", "# Tap\n\n## Drawbacks\n\nCost.\n\n## Side effects\n\nPain.\n")
    assert [(s.name, s.heading) for s in read.document.sections] == [
        ("Risks and Complications", "Drawbacks"),
        ("Risks and Complications", "Side effects"),
    ]


def test_html_inside_markdown(page: Callable[..., Page], bodies: Callable[..., dict[str, str]]) -> None:
    content = "# Tap\n\n## Summary\n\n<div><p>Shown &amp; told.</p><script>no()</script></div>\n\n<!-- not this -->\n"
    assert bodies(page("a.md", content)) == {"Summary": "Shown & told."}


def test_a_card_link_over_several_paragraphs_leaves_no_brackets(page: Callable[..., Page]) -> None:
    text = page("a.md", "# Tap\n\n## Costs\n\n[Paying\n\nHow to pay.](/pay)\n\nWords.\n").document.text
    assert "[" not in text
    assert "(/pay)" not in text
    assert "Words." in text


@pytest.mark.parametrize(
    ("front", "words"),
    [
        ("title: [unclosed", "not YAML"),
        ("title: a: b", "not YAML in line 2"),
        ("- a\n- b", "not a list of"),
        ("a: &x [1]\nb: *x", "references"),
        ("a: " + "[" * 60 + "]" * 60, "nested deeper"),
        ("a: " + "x" * 70_000, "characters"),
        ("a: !!python/object/apply:os.system [ls]", "not YAML"),
    ],
)
def test_broken_front_matter_is_set_aside(reason: Callable[..., str], front: str, words: str) -> None:
    assert words in reason("a.md", f"---\n{front}\n---\n\n# T\n\nWords.\n")


def test_front_matter_without_an_end_is_set_aside(reason: Callable[..., str]) -> None:
    assert "closing" in reason("a.md", "---\ntitle: T\n\n# T\n\nWords.\n")


def test_a_rule_at_the_top_is_no_front_matter(page: Callable[..., Page]) -> None:
    assert page("a.md", "---\n\n# Tap\n\nWords.\n").document.title == "Tap"
