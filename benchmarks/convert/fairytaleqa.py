"""FairytaleQA -> corpus and gold: a page for each story, its sections numbered, and the questions whose answer is said.

Used to train the reader in why, how and who; questions that ask what the story only implies are left out.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks.convert.command import run
from procqa.evaluation.importers import Imported
from procqa.evaluation.importers.files import (
    CORPUS_FILE,
    counted,
    gold_record,
    page_record,
    read_text_lines,
    write_records,
)

GOLD_FILE = "gold.jsonl"
FOLDER = "fairytaleqa"
_ANSWERS = tuple(f"answer{number}" for number in range(1, 7))


def convert(data: Path, out: Path) -> Imported:
    """Write corpus.jsonl and gold.jsonl. Raises GoldError."""
    left_out: Counter[str] = Counter()
    stories = read_stories(map(json.loads, read_text_lines(data / FOLDER / "section-stories.jsonl.gz")))
    pages = write_records(
        out / CORPUS_FILE,
        (page_record(story, story.replace("-", " "), parts.items()) for story, parts in stories.items()),
    )
    questions = map(json.loads, read_text_lines(data / FOLDER / "questions.jsonl.gz"))
    written = write_records(out / GOLD_FILE, items(questions, stories, left_out))
    return Imported({CORPUS_FILE: pages, GOLD_FILE: written}, counted(left_out))


def read_stories(sections: Iterator[Mapping[str, str]]) -> dict[str, dict[str, str]]:
    """Story -> heading -> text, with wrapped lines joined."""
    stories: dict[str, dict[str, str]] = defaultdict(dict)
    for section in sections:
        stories[section["story"]][_heading(section["section"])] = " ".join(section["text"].split())
    return stories


def items(
    questions: Iterator[Mapping[str, str]], stories: Mapping[str, Mapping[str, str]], left_out: Counter[str]
) -> Iterator[dict[str, Any]]:
    """A gold item for each question that has an answer word for word in one of its sections."""
    for number, question in enumerate(questions, 1):
        if question["ex-or-im1"] != "explicit":
            left_out["questions whose answer is implied"] += 1
            continue
        headings = [_heading(part.strip()) for part in question["cor_section"].split(",")]
        bodies = {heading: stories[question["story"]].get(heading, "") for heading in headings}
        answers = {question[name].strip(" .").lower() for name in _ANSWERS} - {""}
        found = [
            (heading, body[place : place + len(answer)])
            for heading, body in bodies.items()
            for answer in sorted(answers)
            if (place := body.lower().find(answer)) >= 0
        ]
        if not found:
            left_out["questions without an answer word for word"] += 1
            continue
        yield gold_record(
            f"fairytale-{number:05}",
            question["question"],
            [(question["story"], heading) for heading, _ in found],
            [[quote] for _, quote in found],
        )


def _heading(section: str) -> str:
    return f"Part {section}"


if __name__ == "__main__":
    raise SystemExit(run(convert, "Convert FairytaleQA to a corpus and gold."))
