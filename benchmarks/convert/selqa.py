"""SelQA answer sentence selection -> sentence choice: which sentences of a section answer the question."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.convert.command import run
from procqa.errors import GoldError
from procqa.evaluation.importers import Imported
from procqa.evaluation.importers.files import counted, read_object, write_records

CHOICE_FILE = "choice.jsonl"


def convert(data: Path, out: Path) -> Imported:
    """Write choice.jsonl. Raises GoldError."""
    left_out: Counter[str] = Counter()
    questions = read_object(data / "selqa_ass" / "selqa-ass-dev.json")
    try:
        written = write_records(out / CHOICE_FILE, items(questions, left_out))
    except (KeyError, TypeError) as error:
        raise GoldError(f"selqa-ass-dev.json does not have the fields expected ({error}); fetch it again.") from None
    return Imported({CHOICE_FILE: written}, counted(left_out))


def items(questions: list[dict[str, Any]], left_out: Counter[str]) -> Iterator[dict[str, Any]]:
    """A sentence choice item for each question that has an answer among its candidates."""
    for number, question in enumerate(questions, 1):
        if not question["answers"]:
            left_out["questions without a right sentence"] += 1
            continue
        yield {
            "id": f"selqa-{number:04}",
            "question": question["question"],
            "candidates": question["candidates"],
            "relevant": question["answers"],
        }


if __name__ == "__main__":
    raise SystemExit(run(convert, "Convert SelQA to sentence choice."))
