from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from procqa.engine import Engine
from procqa.errors import GoldError
from procqa.evaluation import check_gold, load_gold
from procqa.evaluation.gold import Gold, locate


def line(**values: Any) -> dict[str, Any]:
    base = {
        "id": "q1",
        "question": "home when?",
        "history": [],
        "relevant": [{"doc_id": "heart/aortic", "section": "Recovery"}],
        "answers": [["You stay in hospital for 7 days."]],
        "unanswerable": None,
        "tags": ["lay"],
    }
    return {**base, **values}


def load(folder: Path, *lines: object, families: object = None) -> Gold:
    path = folder / "gold.jsonl"
    path.write_text("".join(json.dumps(value) + "\n" for value in lines), encoding="utf-8")
    if families is not None:
        (folder / "families.json").write_text(json.dumps(families), encoding="utf-8")
    return load_gold(path)


def test_a_good_file(tmp_path: Path, engine: Engine) -> None:
    gold = load(tmp_path, line(), line(id="q2", unanswerable="off_domain", relevant=[], answers=[]))
    assert [item.id for item in gold.items] == ["q1", "q2"]
    assert len(gold.sha256) == 64
    assert check_gold(gold, engine) == []


def test_every_bad_line_is_listed(tmp_path: Path) -> None:
    bad: list[object] = [
        line(),
        line(question=" "),
        [1],
        line(unanswerable="perhaps"),
        line(answers=[]),
        line(unanswerable="sibling"),
        line(relevant=[{"doc_id": "heart/aortic"}]),
        line(answers=["quote"]),
        line(answers=[[]]),
        line(tags=[1]),
        line(id="half \ud800"),
        line(family=3),
        line(relevant="all"),
    ]
    with pytest.raises(GoldError) as caught:
        load(tmp_path, *bad)
    told = str(caught.value).splitlines()[1:]
    assert [text.partition(":")[0] for text in told] == [f"line {number}" for number in range(2, len(bad) + 1)]


@pytest.mark.parametrize(
    ("content", "told"),
    [(b"{\n", "line 1"), (b"\xff", "not UTF-8"), (b"\n", "holds no questions"), (None, "cannot be read")],
)
def test_a_file_that_is_no_gold(tmp_path: Path, content: bytes | None, told: str) -> None:
    path = tmp_path / "gold.jsonl"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(GoldError, match=told):
        load_gold(path)


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"relevant": [{"doc_id": "heart/none", "section": "Recovery"}]}, "q1: there is no page heart/none"),
        ({"relevant": [{"doc_id": "knee", "section": "Benefits"}]}, "q1: knee has no section Benefits"),
        (
            {"answers": [["You stay for 7 days."]]},
            "q1: the quote is not in the relevant sections: 'You stay for 7 days.'",
        ),
        ({"answers": [["The operation takes 3 to 4 hours."]]}, "q1: the quote is not in the relevant sections"),
    ],
)
def test_what_does_not_fit_the_pages(tmp_path: Path, engine: Engine, values: dict[str, Any], told: str) -> None:
    problems = check_gold(load(tmp_path, line(**values)), engine)
    assert any(problem.startswith(told) for problem in problems)


def test_an_id_given_twice(tmp_path: Path, engine: Engine) -> None:
    assert check_gold(load(tmp_path, line(), line()), engine) == ["q1: this id is given 2 times"]


def test_quotes_are_found_wherever_they_stand(tmp_path: Path, engine: Engine) -> None:
    both = [{"doc_id": f"heart/{name}", "section": "Recovery"} for name in ("aortic", "mitral")]
    gold = load(tmp_path, line(relevant=both, answers=[["You stay in hospital for", "on day 2 😀."]]))
    ((shared, single),) = locate(gold.items[0], engine)
    assert [place.doc_id for place in shared] == ["heart/aortic", "heart/mitral"]
    for place in (*shared, *single):
        page = engine.document(place.doc_id)
        assert page is not None
        assert page.text[place.start : place.end] in gold.items[0].answers[0]


def test_families_and_twins(tmp_path: Path) -> None:
    families = {"valves": ["heart/aortic", "heart/mitral"], "joints": ["knee"]}
    aside = line(id="q2", relevant=[{"doc_id": "knee", "section": "Recovery"}])
    gold = load(tmp_path, line(), aside, families=families)
    assert [gold.twins(item) for item in gold.items] == [("heart/mitral",), ()]
    assert [gold.family(item) for item in gold.items] == ["valves", "joints"]


def test_families_from_the_rows_alone(tmp_path: Path) -> None:
    mitral = line(id="q2", family="valves", relevant=[{"doc_id": "heart/mitral", "section": "Recovery"}])
    gold = load(tmp_path, line(family="valves"), mitral, line(id="q3", relevant=[{"doc_id": "x", "section": "y"}]))
    assert [gold.twins(item) for item in gold.items] == [("heart/mitral",), ("heart/aortic",), None]


def test_damaged_families(tmp_path: Path) -> None:
    for damaged in ({"valves": "heart/aortic"}, {"valves": [1]}, ["valves"]):
        with pytest.raises(GoldError, match=r"families\.json"):
            load(tmp_path, line(), families=damaged)
