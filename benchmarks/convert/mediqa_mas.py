"""MEDIQA 2021 multi-answer summarisation -> sentence choice: which sentences of the answers an expert would keep.

A candidate is a sentence of an answer; it is right when the question's extractive summary has the same sentence.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from benchmarks.convert.command import run
from procqa.errors import GoldError
from procqa.evaluation.importers import Imported
from procqa.evaluation.importers.files import counted, read_text_lines, write_records
from procqa.passages import split_lines

CHOICE_FILE = "choice.jsonl"
FOLDER = "mediqa2021_mas"
ANSWERS = "MEDIQA2021_Task2_ValidationSet_Answers.xlsx"
QUESTIONS = "MEDIQA2021_Task2_VAlidationSet_ShortQuestions.txt"
SUMMARIES = "MEDIQA2021_Task2_ValidationSet_MultiExtractiveSummaries.txt"

# Web pages left headings, other tags and reference numbers behind.
_HEADING_TAG = re.compile(r"</?h\d>")
_MARKS = re.compile(r"</?\w{1,10}>|\[\d+\]")
# Where pages were joined, the space between two sentences is missing: "your intestines.If you have".
_JOINED = re.compile(r"(?<=[a-z)\]][.?!])(?=[A-Z])")


def convert(data: Path, out: Path) -> Imported:
    """Write choice.jsonl. Raises GoldError."""
    left_out: Counter[str] = Counter()
    folder = data / FOLDER
    answers = read_answers(folder / ANSWERS)
    questions, summaries = read_numbered(folder / QUESTIONS), read_numbered(folder / SUMMARIES)
    written = write_records(out / CHOICE_FILE, items(questions, answers, summaries, left_out))
    return Imported({CHOICE_FILE: written}, counted(left_out))


def items(
    questions: Mapping[str, str],
    answers: Mapping[str, list[str]],
    summaries: Mapping[str, str],
    left_out: Counter[str],
) -> Iterator[dict[str, object]]:
    """A sentence choice item for each question; a sentence that several answers have is one candidate."""
    for number, question in questions.items():
        summary = _distinct(sentences(summaries.get(number, "")))
        found = [text for answer in answers.get(number, []) for text in sentences(answer)]
        candidates = _distinct(found)
        relevant = [place for place, letters in enumerate(candidates) if letters in summary]
        left_out["sentences of answers that an earlier answer has"] += len(found) - len(candidates)
        left_out["sentences of summaries that no answer has"] += len(summary.keys() - candidates.keys())
        if relevant:
            texts = list(candidates.values())
            yield {"id": f"mas-{number}", "question": question, "candidates": texts, "relevant": relevant}
        else:
            left_out["questions without a right sentence"] += 1


def sentences(text: str) -> list[str]:
    """The sentences of a running text, as procqa splits its pages."""
    text = _JOINED.sub(" ", _MARKS.sub("", _HEADING_TAG.sub("\n\n", text)))
    return [" ".join(text[line.start : line.end].split()) for line in split_lines(text)]


def normal(text: str) -> str:
    """The letters and digits of a sentence in lower case: summaries differ from answers in spaces and marks."""
    return "".join(character for character in text.casefold() if character.isalnum())


def _distinct(texts: Iterable[str]) -> dict[str, str]:
    """Letters and digits -> the first sentence that has them, in order."""
    sentences_by_letters: dict[str, str] = {}
    for text in texts:
        letters = normal(text)
        if letters:
            sentences_by_letters.setdefault(letters, text)
    return sentences_by_letters


def read_numbered(path: Path) -> dict[str, str]:
    """Lines of the form `number||text`. Raises GoldError."""
    texts = {}
    for line in read_text_lines(path):
        number, mark, text = line.partition("||")
        if mark:
            texts[number.strip()] = text.strip()
        elif line.strip():
            raise GoldError(f"{path.name} has a line without ||; fetch the file again.")
    return texts


def read_answers(path: Path) -> dict[str, list[str]]:
    """The answers of each question number, in the order of the sheet's rows: number, id, answer. Raises GoldError."""
    try:
        import python_calamine
    except ImportError:
        raise GoldError("Reading this set needs python-calamine; add it with `pip install python-calamine`.") from None
    try:
        rows = python_calamine.CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()
    except (OSError, python_calamine.CalamineError) as error:
        raise GoldError(f"{path} cannot be read ({error}); fetch the file again.") from None
    answers: dict[str, list[str]] = {}
    for row in rows[1:]:
        number = row[0]
        key = str(int(number)) if isinstance(number, float) else str(number).strip()
        answers.setdefault(key, []).append(str(row[2]))
    return answers


if __name__ == "__main__":
    raise SystemExit(run(convert, "Convert MEDIQA 2021 MAS to sentence choice."))
