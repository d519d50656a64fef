"""BEIR folders and SQuAD files, authored here, become corpora and gold that fit each other."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from procqa.errors import GoldError
from procqa.evaluation.gold import check_gold, load_gold
from procqa.evaluation.importers import import_beir, import_squad
from procqa.readers import Page, read_corpus
from procqa.types import Document


class Pages:
    """The pages of an imported corpus, as gold is checked against them."""

    def __init__(self, corpus: Path) -> None:
        read = list(read_corpus(corpus))
        assert all(isinstance(page, Page) for page in read), read
        self.by_id = {page.document.doc_id: page.document for page in read if isinstance(page, Page)}

    def document(self, doc_id: str) -> Document | None:
        return self.by_id.get(doc_id)


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def write_lines(path: Path, records: Iterable[Mapping[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")


@pytest.fixture
def beir(tmp_path: Path) -> Path:
    folder = tmp_path / "beir"
    write_lines(
        folder / "corpus.jsonl",
        [
            {
                "_id": "d1",
                "title": "Plaster casts",
                "text": "A cast is kept dry.\nIt stays on for six weeks.",
                "metadata": {},
            },
            {
                "_id": "d2",
                "title": "Slings",
                "text": "Worn by day.\n\n# After the procedure\n\nRest.\n\n## Washing ##\n\nBy hand.",
            },
            {"_id": "d3", "title": "A splint is a rigid support", "text": ""},
        ],
    )
    write_lines(
        folder / "queries.jsonl",
        [
            {"_id": "q1", "text": "can a cast get wet", "metadata": {}},
            {"_id": "q2", "text": "sling care"},
            {"_id": "q3", "text": "nothing fits"},
            {"_id": "q4", "text": "splint"},
        ],
    )
    (folder / "qrels").mkdir()
    rows = [
        "query-id\tcorpus-id\tscore",
        "q1\td1\t1",
        "q2\td2\t2",
        "q2\td1\t0",
        "q2\tgone\t1",
        "q3\td1\t0",
        "q9\td1\t1",
    ]
    (folder / "qrels" / "test.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    (folder / "qrels" / "dev.tsv").write_text("query-id\tcorpus-id\tscore\nq4\td3\t1\n", encoding="utf-8")
    return folder


def test_beir_documents_are_pages_with_one_section_unless_they_have_headings(beir: Path, tmp_path: Path) -> None:
    import_beir(beir, tmp_path / "out")
    pages = Pages(tmp_path / "out" / "corpus.jsonl").by_id
    assert {name: [section.name for section in page.sections] for name, page in pages.items()} == {
        "d1": ["Text"],
        "d2": ["Text", "Recovery", "Washing"],
        "d3": ["Text"],
    }
    assert pages["d1"].title == "Plaster casts"
    assert "A cast is kept dry.\nIt stays on for six weeks." in pages["d1"].text
    assert "A splint is a rigid support" in pages["d3"].text


def test_beir_gold_names_every_section_of_a_relevant_document_for_each_split(beir: Path, tmp_path: Path) -> None:
    imported = import_beir(beir, tmp_path / "out")
    gold = lines(tmp_path / "out" / "gold-test.jsonl")
    assert [(item["id"], item["question"]) for item in gold] == [("q1", "can a cast get wet"), ("q2", "sling care")]
    assert gold[1]["relevant"] == [{"doc_id": "d2", "section": name} for name in ("Text", "Recovery", "Washing")]
    assert all(
        item["answers"] == [] and item["unanswerable"] is None and item["tags"] == ["retrieval"] for item in gold
    )
    assert [item["id"] for item in lines(tmp_path / "out" / "gold-dev.jsonl")] == ["q4"]
    assert imported.written == {"corpus.jsonl": 3, "gold-dev.jsonl": 1, "gold-test.jsonl": 2}
    assert {reason: count for reason, count in imported.left_out.items() if count} == {
        "judgements of documents that are not in the corpus": 1,
        "judged queries that queries.jsonl does not have": 1,
        "queries without a relevant document": 1,
    }
    assert "gold-test.jsonl: 2 written" in imported.describe()
    assert "left out, queries without a relevant document: 1" in imported.describe()


def test_beir_import_twice_gives_the_same_files(beir: Path, tmp_path: Path) -> None:
    for name in ("one", "two", "two"):
        import_beir(beir, tmp_path / name)
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("qrels/test.tsv", "query-id\tcorpus-id\tscore\nq1 d1 1\n", "line 2 is not query-id"),
        ("corpus.jsonl", '{"_id": "d1", "text": \n', "corpus.jsonl, line 1 is not JSON"),
        ("corpus.jsonl", "[]\n", "corpus.jsonl, line 1 is not an object"),
        ("queries.jsonl", '{"text": "no id"}\n', "has no _id"),
    ],
)
def test_a_bad_beir_file_is_named_with_its_line(
    beir: Path, tmp_path: Path, file: str, content: str, message: str
) -> None:
    (beir / file).write_text(content, encoding="utf-8")
    with pytest.raises(GoldError, match=message):
        import_beir(beir, tmp_path / "out")


def test_a_folder_that_is_not_beir_says_what_one_has(tmp_path: Path) -> None:
    with pytest.raises(GoldError, match=r"qrels/\*\.tsv"):
        import_beir(tmp_path, tmp_path / "out")


def squad(*paragraphs: tuple[str, list[dict[str, Any]]], title: str = "Bone_marrow") -> dict[str, Any]:
    return {"title": title, "paragraphs": [{"context": text, "qas": questions} for text, questions in paragraphs]}


def question(name: str, text: str, *answers: str, impossible: bool = False) -> dict[str, Any]:
    given_answers = [{"text": answer, "answer_start": 0} for answer in answers]
    return {"id": name, "question": text, "answers": given_answers, "is_impossible": impossible}


MARROW = squad(
    (
        "Marrow is taken from the hip.\nIt takes an hour, at most two.",
        [
            question("a", "From where is marrow taken? ", "the hip", "hip", "the hip"),
            question("b", "How old must a donor be?", impossible=True),
            question("c", "How long does it take?", "an hour", "90 minutes"),
        ],
    ),
    ("It’s sore for a week.", [question("d", "How long is it sore?", "a week"), question("e", "Why?", "not there")]),
    ("Nothing was asked here.", []),
)


def write_squad(path: Path, *articles: dict[str, Any]) -> Path:
    path.write_text(json.dumps({"version": "v2.0", "data": list(articles)}), encoding="utf-8")
    return path


def test_squad_paragraphs_are_sections_of_the_article(tmp_path: Path) -> None:
    import_squad(write_squad(tmp_path / "s.json", MARROW), tmp_path / "out")
    page = Pages(tmp_path / "out" / "corpus.jsonl").by_id["Bone_marrow"]
    assert page.title == "Bone marrow"
    assert [(section.name, page.text[section.start : section.end]) for section in page.sections] == [
        ("Paragraph 1", "Marrow is taken from the hip.\nIt takes an hour, at most two."),
        ("Paragraph 2", "It’s sore for a week."),
        ("Paragraph 3", "Nothing was asked here."),
    ]


def test_squad_gold_fits_its_corpus_and_keeps_what_cannot_be_answered(tmp_path: Path) -> None:
    imported = import_squad(write_squad(tmp_path / "s.json", MARROW), tmp_path / "out")
    gold = load_gold(tmp_path / "out" / "gold.jsonl")
    assert check_gold(gold, Pages(tmp_path / "out" / "corpus.jsonl")) == []
    by_id = {item.id: item for item in gold.items}
    assert by_id["a"].answers == (("the hip",), ("hip",))
    assert by_id["a"].question == "From where is marrow taken?"
    assert by_id["b"].unanswerable == "not_stated"
    assert not by_id["b"].relevant
    assert by_id["c"].answers == (("an hour",),)
    assert by_id["d"].relevant[0].section == "Paragraph 2"
    assert "e" not in by_id
    assert imported.written == {"corpus.jsonl": 1, "gold.jsonl": 4}
    assert imported.left_out == {"questions without an answer that stands in the paragraph": 1}


def test_squad_articles_of_one_title_stay_apart_and_gzip_is_read(tmp_path: Path) -> None:
    twin = squad(("Another text.", [question("z", "What text?", "Another")]))
    path = tmp_path / "s.json.gz"
    path.write_bytes(gzip.compress(write_squad(tmp_path / "s.json", MARROW, twin).read_bytes()))
    import_squad(path, tmp_path / "out")
    assert set(Pages(tmp_path / "out" / "corpus.jsonl").by_id) == {"Bone_marrow", "Bone_marrow-2"}
    gold = load_gold(tmp_path / "out" / "gold.jsonl")
    assert gold.items[-1].relevant[0].doc_id == "Bone_marrow-2"


@pytest.mark.parametrize("content", ["{", "[]", '{"data": [{"paragraphs": [{}]}]}', '{"data": 3}'])
def test_a_file_that_is_not_squad_is_an_error_that_names_it(tmp_path: Path, content: str) -> None:
    (tmp_path / "s.json").write_text(content, encoding="utf-8")
    with pytest.raises(GoldError, match=r"s\.json"):
        import_squad(tmp_path / "s.json", tmp_path / "out")


def test_a_missing_file_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(GoldError, match="cannot be read"):
        import_squad(tmp_path / "none.json", tmp_path / "out")


def test_an_out_folder_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file", encoding="utf-8")
    with pytest.raises(GoldError, match="choose another folder"):
        import_squad(write_squad(tmp_path / "s.json", MARROW), tmp_path / "out")


@settings(max_examples=40, deadline=None)
@given(contexts=st.lists(st.text(min_size=1, max_size=80), min_size=1, max_size=4), data=st.data())
def test_whatever_the_paragraphs_hold_gold_fits_the_corpus(
    tmp_path_factory: pytest.TempPathFactory, contexts: list[str], data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("squad")
    paragraphs = []
    for number, context in enumerate(contexts):
        start = data.draw(st.integers(0, len(context) - 1))
        answer = context[start : start + data.draw(st.integers(1, 20))]
        paragraphs.append(
            (context, [question(f"q{number}", "What?", answer), question(f"n{number}", "Why?", impossible=True)])
        )
    imported = import_squad(write_squad(folder / "s.json", squad(*paragraphs)), folder / "out")
    gold = load_gold(folder / "out" / "gold.jsonl")
    read = [page.document for page in read_corpus(folder / "out" / "corpus.jsonl") if isinstance(page, Page)]
    by_id = {page.doc_id: page for page in read}
    assert check_gold(gold, type("Read", (), {"document": lambda self, name: by_id.get(name)})()) == []
    assert len(gold.items) + sum(imported.left_out.values()) == 2 * len(contexts)
