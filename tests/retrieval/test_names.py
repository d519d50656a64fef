"""Which page a question names: by telling words, lay words, codes, and words with an error in them."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from procqa.index.lexical import LexicalIndex, write_lexical
from procqa.retrieval.names import Names

PAGES: Sequence[Sequence[str]] = (
    ["Colonoscopy with biopsy", "lower endoscopy", "XYZ123"],
    ["Colonoscopy, look only"],
    ["Laparoscopic hernia repair"],
    ["Open hernia repair"],
)


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> Names:
    folder = tmp_path_factory.mktemp("names") / "lexical"
    write_lexical([(page[0], "Recovery", "Rest at home.") for page in PAGES], folder)
    return Names(LexicalIndex(folder), PAGES.__getitem__)


def best(names: Names, text: str) -> set[int]:
    scores = names.scores(text, range(len(PAGES))).named
    return {page for page, score in enumerate(scores) if score == scores.max() > 0}


@pytest.mark.parametrize(
    ("text", "pages"),
    [
        ("what if the colonoscopy takes a biopsy", {0}),
        ("the hernia operation through a keyhole", {2}),  # a lay word
        ("billed as xyz123", {0}),
        ("open hernia", {3}),
        ("the weather tomorrow", set()),
    ],
)
def test_the_page_that_is_named_stands_out(text: str, pages: set[int], names: Names) -> None:
    assert best(names, text) == pages


def test_words_count_by_how_few_of_all_the_pages_have_them(names: Names) -> None:
    assert names.scores("hernia", [2, 3])[0].tolist() == [0, 0]  # both have it: it tells nothing between them
    assert names.scores("hernia", [2, 3], [0, 1])[0].tolist() == [1, 1]
    # "open" counts log 4 and "hernia", which two of the four have, log 2: a third of what is said, squared.
    assert names.scores("open hernia", [2, 3], [0, 1])[0].tolist() == pytest.approx([1 / 9, 1])


@pytest.mark.parametrize(
    ("text", "pages"),
    [
        ("colonoscopy with biopsy vs open hernia repair: nights?", [0, 3]),
        ("open hernia or laparoscopic hernia, which is quicker", [3, 2]),
        ("for keyhole hernia, open hernia and colonoscopy with biopsy each", [2, 3, 0]),
        ("hernia against hernia", [2, 3]),  # one each, the best first
        ("days off work with open hernia repair", [3]),
        ("what is the weather or the news", []),
    ],
)
def test_pages_that_are_named_side_by_side(text: str, pages: list[int], names: Names) -> None:
    assert names.named_apart(text, range(len(PAGES)))[0] == pages


def test_what_is_asked_of_each_is_what_names_none(names: Names) -> None:
    _, rest = names.named_apart("open hernia vs laparoscopic hernia: how many nights?", range(len(PAGES)))
    assert rest.split() == ["how", "many", "nights"]


SAID = (
    ["Open hernia repair (Lichtenstein repair)", "SIT"],
    ["Recurrent open hernia repair", "pop"],
    ["Vasectomy", "snip", "male  sterilisation"],
    [],
)


@pytest.mark.parametrize(
    ("text", "pages"),
    [
        ("recovery after open-hernia repair?", {0}),
        ("after a lichtenstein repair", {0}),
        ("a recurrent open hernia repair", {1}),  # the shorter name is part of the longer one
        ("open hernia repair, or a recurrent open hernia repair?", {1}),
        ("hernia repair, open", set()),
        ("when is my vasectomy", {2}),
        ("Male sterilisation", {2}),
        ("a quick snip; can I pop out", set()),  # words of everyday English
        ("how long is SIT", {0}),
        ("may I sit", set()),
        ("MAY I SIT", set()),  # all in capitals
        ("", set()),
    ],
)
def test_a_name_is_said_word_for_word(text: str, pages: set[int], names: Names) -> None:
    literal = Names(names._lexical, SAID.__getitem__).scores(text, range(len(SAID))).literal
    assert {page for page, said in enumerate(literal.tolist()) if said} == pages
    assert set(literal.tolist()) <= {0.0, 1.0}


def test_every_group_of_lay_words_has_two_members_that_can_be_said(names: Names) -> None:
    for group in names._groups:
        live = {meaning for meaning in group if not meaning & names._generic}
        assert len(live) == len(group) >= 2, group
