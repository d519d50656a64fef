"""The converters: tiny data sets in each form, authored here, and the real sets where they are at hand."""

from __future__ import annotations

import gzip
import json
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pytest

from benchmarks.convert import canard, cast, clapnq, command, fairytaleqa, mediqa_mas, medquad, selqa, squad
from procqa.evaluation.choice import evaluate_choice, load_choice
from procqa.evaluation.choice_scorers import bm25_scorer
from procqa.evaluation.gold import load_gold
from procqa.readers import Page, read_corpus
from procqa.types import Document


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def documents(corpus: Path) -> dict[str, Document]:
    return {page.document.doc_id: page.document for page in read_corpus(corpus) if isinstance(page, Page)}


def body(page: Document, name: str) -> str:
    return "\n".join(page.text[section.start : section.end] for section in page.sections if section.name == name)


def fits(gold: Sequence[dict[str, Any]], pages: dict[str, Document]) -> bool:
    return all(
        place["section"] in {section.name for section in pages[place["doc_id"]].sections}
        for item in gold
        for place in item["relevant"]
    )


def run(convert: command.Convert, data: Path, out: Path) -> int:
    return command.run(convert, "test", ["--data", str(data), "--out", str(out)])


# MedQuAD


def medquad_page(name: str, focus: str, *answers: tuple[str, str], synonyms: Sequence[str] = ()) -> dict[str, Any]:
    entries = [
        {"qid": f"{name}-{number}", "qtype": kind, "question": f"What about {kind} of {focus} ?", "answer": answer}
        for number, (kind, answer) in enumerate(answers, 1)
    ]
    return {
        "file": f"1_Made_QA/{name}.xml",
        "id": f"Made_{name}",
        "source": "Made",
        "url": "https://example.org/" + name,
        "focus": focus,
        "synonyms": list(synonyms),
        "qa": entries,
    }


LAYOUT = (
    "Signs are:\n             - itching    -   a rash. -  heat       It fades.  Later, the  skin peels."
    " Some scratch - at night.\n                \n                See a nurse."
)
TIDIED = (
    "Signs are:\n\n- itching\n- a rash.\n- heat\n\nIt fades.\n\n"
    "Later, the skin peels. Some scratch - at night.\n\nSee a nurse."
)


@pytest.fixture
def medquad_data(tmp_path: Path) -> Path:
    pages = [
        medquad_page("001", "Sun  itch", ("symptoms", LAYOUT), ("information", "A rash."), synonyms=["Light rash"]),
        medquad_page("002", "sun itch", ("symptoms", "It itches."), ("complications", "Scars may stay.")),
        medquad_page("003", "Wind itch", ("information", "One."), ("information", "Two."), ("considerations", "Rest.")),
        medquad_page("004", "", ("information", "Nobody knows what this is about.")),
        *(medquad_page(f"1{number:02}", f"Itch {number}", ("causes", "Unknown.")) for number in range(60)),
    ]
    path = tmp_path / "data" / "medquad" / "medquad.jsonl.gz"
    path.parent.mkdir(parents=True)
    path.write_bytes(gzip.compress("\n".join(map(json.dumps, pages)).encode()))
    return tmp_path / "data"


def test_medquad_pages_have_named_sections_and_readable_lists(medquad_data: Path, tmp_path: Path) -> None:
    medquad.convert(medquad_data, tmp_path / "out")
    pages = documents(tmp_path / "out" / "corpus.jsonl")
    page = pages["1_Made_QA/001"]
    assert (page.title, page.metadata["aliases"]) == ("Sun itch", ["Light rash"])
    assert [section.heading for section in page.sections] == ["Symptoms", "Overview"]
    assert body(page, "Symptoms") == TIDIED
    assert body(pages["1_Made_QA/003"], "Summary") == "One.\n\nTwo."


def test_medquad_gold_names_the_section_of_every_page_of_the_subject(medquad_data: Path, tmp_path: Path) -> None:
    imported = medquad.convert(medquad_data, tmp_path / "out")
    gold = {split: lines(tmp_path / "out" / f"gold-{split}.jsonl") for split in ("dev", "test")}
    by_id = {item["id"]: item for items in gold.values() for item in items}
    assert by_id["Made_001/symptoms"]["relevant"] == [
        {"doc_id": "1_Made_QA/001", "section": "Symptoms"},
        {"doc_id": "1_Made_QA/002", "section": "Symptoms"},
    ]
    assert by_id["Made_001/symptoms"]["question"] == "What about symptoms of Sun itch?"
    assert by_id["Made_002/complications"]["relevant"][0]["section"] == "Risks and Complications"
    assert len(by_id) == 3 + 2 + 60
    assert fits(list(by_id.values()), documents(tmp_path / "out" / "corpus.jsonl"))
    assert imported.left_out["questions of a page that states no subject"] == 1
    assert imported.left_out["questions for the same subject and section as another"] == 2


def test_medquad_splits_by_subject_and_samples_the_same_each_time(
    medquad_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(medquad, "SAMPLES", {"dev": 5, "test": 20})
    for name in ("one", "two"):
        medquad.convert(medquad_data, tmp_path / name)
    for split, count in (("dev", 5), ("test", 20)):
        text = (tmp_path / "one" / f"gold-{split}.jsonl").read_text(encoding="utf-8")
        assert text == (tmp_path / "two" / f"gold-{split}.jsonl").read_text(encoding="utf-8")
        assert len(text.splitlines()) == count
    shares = [medquad.split_of(f"subject {number}") for number in range(2000)]
    assert 0.17 < shares.count("dev") / 2000 < 0.23


@pytest.mark.parametrize(
    ("given", "tidied"),
    [
        ("Who is at risk for Itch? ?", "Who is at risk for Itch?"),
        ("What is (are)  Itch ?", "What is (are) Itch?"),
        ("Do you have information about Itch", "Do you have information about Itch"),
    ],
)
def test_medquad_questions_keep_their_words(given: str, tidied: str) -> None:
    assert medquad.tidy_question(given) == tidied


# Sentence choice


def test_selqa_keeps_candidates_and_leaves_out_what_has_no_answer(tmp_path: Path) -> None:
    entry = {"question": "When?", "candidates": ["It rained.", "At noon."], "answers": [1]}
    put(tmp_path / "selqa_ass" / "selqa-ass-dev.json", json.dumps([entry, {**entry, "answers": []}]))
    imported = selqa.convert(tmp_path, tmp_path / "out")
    (item,) = load_choice(tmp_path / "out" / "choice.jsonl")
    assert (item.question, item.candidates, item.relevant) == ("When?", ("It rained.", "At noon."), (1,))
    assert imported.left_out == {"questions without a right sentence": 1}


SCHEMA = "http://schemas.openxmlformats.org"
SHEET_PARTS = {
    "[Content_Types].xml": f'<Types xmlns="{SCHEMA}/package/2006/content-types">'
    '<Default Extension="xml" ContentType="application/xml"/></Types>',
    "_rels/.rels": f'<Relationships xmlns="{SCHEMA}/package/2006/relationships"><Relationship Id="r1"'
    f' Type="{SCHEMA}/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{SCHEMA}/package/2006/relationships"><Relationship Id="r1"'
    f' Type="{SCHEMA}/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
    "xl/workbook.xml": f'<workbook xmlns="{SCHEMA}/spreadsheetml/2006/main"'
    f' xmlns:r="{SCHEMA}/officeDocument/2006/relationships"><sheets><sheet name="A" sheetId="1" r:id="r1"/></sheets>'
    "</workbook>",
}


def sheet_cell(value: str | int) -> str:
    if isinstance(value, int):
        return f"<c><v>{value}</v></c>"
    return f'<c t="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is></c>'


def write_sheet(path: Path, rows: Sequence[Sequence[str | int]]) -> None:
    """The least that makes an .xlsx file, its texts inline."""
    cells = "".join(f"<row>{''.join(map(sheet_cell, row))}</row>" for row in rows)
    sheet = f'<worksheet xmlns="{SCHEMA}/spreadsheetml/2006/main"><sheetData>{cells}</sheetData></worksheet>'
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as file:
        for name, text in {**SHEET_PARTS, "xl/worksheets/sheet1.xml": sheet}.items():
            file.writestr(name, text)


def test_mediqa_candidates_are_sentences_of_the_answers_and_right_when_in_the_summary(tmp_path: Path) -> None:
    pytest.importorskip("python_calamine", reason="python-calamine is not installed")
    folder = tmp_path / mediqa_mas.FOLDER
    answers = [
        (7, "7_Answer1", "<h2>Care</h2> Keep it dry.[2] Rest the arm.Do not lift."),
        (7, "7_Answer2", "Keep it DRY. Ice helps some."),
        (9, "9_Answer1", "Nothing was kept of this."),
    ]
    write_sheet(folder / mediqa_mas.ANSWERS, [("QuestionID", "AnswerID", "Answer"), *answers])
    put(folder / mediqa_mas.QUESTIONS, "7||How to care for it?\n9||Why?\n")
    put(folder / mediqa_mas.SUMMARIES, "7||Do not lift! Ice helps some.Made up.\n9||Other words.\n")
    imported = mediqa_mas.convert(tmp_path, tmp_path / "out")
    (item,) = load_choice(tmp_path / "out" / "choice.jsonl")
    assert (item.id, item.question) == ("mas-7", "How to care for it?")
    assert item.candidates == ("Care", "Keep it dry.", "Rest the arm.", "Do not lift.", "Ice helps some.")
    assert item.relevant == (3, 4)
    assert imported.left_out == {
        "sentences of summaries that no answer has": 2,
        "questions without a right sentence": 1,
        "sentences of answers that an earlier answer has": 1,
    }


# Follow-ups


def test_canard_history_is_earlier_questions_only(tmp_path: Path) -> None:
    first = {
        "History": ["Ann  Lee", "Later life"],
        "QuAC_dialog_id": "C_1",
        "Question": "Where did she live?",
        "Question_no": 1,
        "Rewrite": "Where did Ann Lee live?",
    }
    second = {**first, "History": [*first["History"], "Where did she live?", "In a mill."], "Question_no": 2}
    put(
        tmp_path / "canard" / "dev.json",
        json.dumps([first, {**second, "Question": "How long?"}, {**second, "Rewrite": " "}]),
    )
    imported = canard.convert(tmp_path, tmp_path / "out")
    assert lines(tmp_path / "out" / "follow-ups.jsonl") == [
        {
            "id": "canard-C_1-2",
            "history": ["Where did she live?"],
            "question": "How long?",
            "rewrite": "Where did Ann Lee live?",
            "topic": ["Ann Lee", "Later life"],
        }
    ]
    assert imported.left_out == {"first questions of a dialogue": 1, "questions without words or without a rewrite": 1}


def test_cast_turns_have_the_earlier_ones_as_typed_and_the_manual_rewrite(tmp_path: Path) -> None:
    turns = [
        {"number": number, "raw_utterance": text}
        for number, text in enumerate(["What is a cast?", "Is it heavy? ", "Why?"], 1)
    ]
    put(tmp_path / cast.FOLDER / cast.TOPICS, json.dumps([{"number": 5, "turn": turns}]))
    put(tmp_path / cast.FOLDER / cast.REWRITES, "5_1\tWhat is a cast?\n5_2\tIs a cast heavy?\n")
    imported = cast.convert(tmp_path, tmp_path / "out")
    assert lines(tmp_path / "out" / "follow-ups.jsonl") == [
        {"id": "cast-5_2", "history": ["What is a cast?"], "question": "Is it heavy?", "rewrite": "Is a cast heavy?"}
    ]
    assert imported.left_out == {"first questions of a topic": 1, "questions without a rewrite": 1}


# The command line


# FairytaleQA and ClapNQ


def zipped(path: Path, records: Sequence[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(record) + "\n" for record in records)


def test_fairytale_questions_quote_their_section(tmp_path: Path) -> None:
    told = "Once a king\nhad Golden hair. He fell\nill."
    zipped(tmp_path / "fairytaleqa" / "section-stories.jsonl.gz", [{"story": "the-king", "section": "1", "text": told}])
    asked = {"story": "the-king", "cor_section": "1", "question": "What hair?"} | {
        f"answer{n}": "" for n in range(2, 7)
    }
    questions = [
        asked | {"ex-or-im1": "explicit", "answer1": "golden hair."},
        asked | {"ex-or-im1": "explicit", "answer1": "silver"},
        asked | {"ex-or-im1": "implicit", "answer1": "golden"},
    ]
    zipped(tmp_path / "fairytaleqa" / "questions.jsonl.gz", questions)
    imported = fairytaleqa.convert(tmp_path, tmp_path / "out")
    (item,) = load_gold(tmp_path / "out" / "gold.jsonl").items
    assert item.answers == (("Golden hair",),)
    assert (item.relevant[0].doc_id, item.relevant[0].section) == ("the-king", "Part 1")
    assert body(documents(tmp_path / "out" / "corpus.jsonl")["the-king"], "Part 1") == " ".join(told.split())
    assert sum(imported.left_out.values()) == 2


def test_clapnq_marks_sentences_or_says_that_there_is_no_answer(tmp_path: Path) -> None:
    text = "It rains . It pours ."
    record = {"input": "does it rain", "passages": [{"title": "Weather", "text": text}]}
    answered = [record | {"id": "1", "output": [{"selected_sentences": ["It rains .", ""]}]}]
    odd = [record | {"id": "2", "output": [{"selected_sentences": ["It snows ."]}]}]
    zipped(tmp_path / "clapnq" / clapnq.FILES[0], answered + odd)
    zipped(tmp_path / "clapnq" / clapnq.FILES[1], [record | {"id": "3", "output": [{}]}])
    clapnq.convert(tmp_path, tmp_path / "out")
    first, second = load_gold(tmp_path / "out" / "gold.jsonl").items
    assert (first.answers, first.relevant[0].doc_id) == ((("It rains .",),), "1")
    assert (second.unanswerable, second.about, second.answers) == ("not_stated", "3", ())


def test_the_command_tells_what_it_wrote_and_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    entry = {"question": "When?", "candidates": ["At noon."], "answers": [0]}
    put(tmp_path / "selqa_ass" / "selqa-ass-dev.json", json.dumps([entry]))
    assert run(selqa.convert, tmp_path, tmp_path / "out") == 0
    assert capsys.readouterr().out == "choice.jsonl: 1 written\nleft out: nothing\n"


@pytest.mark.parametrize(
    "convert", [medquad.convert, selqa.convert, mediqa_mas.convert, squad.convert, canard.convert, cast.convert]
)
def test_absent_data_is_one_clear_sentence(
    convert: command.Convert, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(convert, tmp_path / "none", tmp_path / "out") == 2
    assert "name the one that holds the data sets with --data" in capsys.readouterr().err
    assert run(convert, tmp_path, tmp_path / "out") == 2
    message = capsys.readouterr().err
    assert "cannot be read" in message
    assert message.count("\n") == 1


@pytest.mark.parametrize(
    ("convert", "path"),
    [(selqa.convert, "selqa_ass/selqa-ass-dev.json"), (canard.convert, "canard/dev.json")],
)
def test_data_of_another_form_is_one_clear_sentence(
    convert: command.Convert, path: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(tmp_path / path, '[{"unexpected": 1}]')
    assert run(convert, tmp_path, tmp_path / "out") == 2
    assert "fetch it again" in capsys.readouterr().err


# The real sets


@pytest.fixture
def data() -> Path:
    if not command.DATA.is_dir():
        pytest.skip("the shared data sets are not there")
    return command.DATA


@pytest.mark.data
def test_all_of_medquad_is_read_and_fits(data: Path, tmp_path: Path) -> None:
    imported = medquad.convert(data, tmp_path)
    pages = documents(tmp_path / "corpus.jsonl")
    gold = {split: lines(tmp_path / f"gold-{split}.jsonl") for split in ("dev", "test")}
    assert imported.written == {"corpus.jsonl": len(pages), "gold-dev.jsonl": 500, "gold-test.jsonl": 1500}
    assert len(pages) == 4364
    subjects = {
        split: {pages[place["doc_id"]].title.casefold() for item in items for place in item["relevant"]}
        for split, items in gold.items()
    }
    assert subjects["dev"].isdisjoint(subjects["test"])
    assert fits(gold["dev"] + gold["test"], pages)
    assert (
        imported.written["gold-dev.jsonl"] + imported.written["gold-test.jsonl"] + sum(imported.left_out.values())
        == 12593
    )


@pytest.mark.data
def test_bm25_on_selqa_is_where_it_is_known_to_be(data: Path, tmp_path: Path) -> None:
    selqa.convert(data, tmp_path)
    items = load_choice(tmp_path / "choice.jsonl")
    assert len(items) == 785
    assert evaluate_choice(tmp_path / "choice.jsonl", bm25_scorer(items)).figures["mrr"].value == pytest.approx(
        0.86, abs=0.01
    )


@pytest.mark.data
def test_bm25_on_mediqa_is_where_it_is_known_to_be(data: Path, tmp_path: Path) -> None:
    pytest.importorskip("python_calamine", reason="python-calamine is not installed")
    mediqa_mas.convert(data, tmp_path)
    items = load_choice(tmp_path / "choice.jsonl")
    assert len(items) == 50
    assert evaluate_choice(tmp_path / "choice.jsonl", bm25_scorer(items)).figures["map"].value == pytest.approx(
        0.4, abs=0.02
    )


@pytest.mark.data
def test_all_of_squad_canard_and_cast_are_read(data: Path, tmp_path: Path) -> None:
    squad.convert(data, tmp_path / "squad")
    gold = load_gold(tmp_path / "squad" / "gold.jsonl")
    assert len(gold.items) == 6078
    assert sum(item.unanswerable == "not_stated" for item in gold.items) == 3168
    assert canard.convert(data, tmp_path / "canard").written["follow-ups.jsonl"] == 2940
    assert cast.convert(data, tmp_path / "cast").written["follow-ups.jsonl"] == 429
