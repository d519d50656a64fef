"""ClapNQ -> corpus and gold: real search queries, the sentences of a passage that answer them, or none that does."""

from __future__ import annotations

import json
from collections import Counter
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
FOLDER = "clapnq"
HEADING = "Passage"
FILES = ("clapnq_dev_answerable.jsonl.gz", "clapnq_dev_unanswerable.jsonl.gz")


def convert(data: Path, out: Path) -> Imported:
    """Write corpus.jsonl and gold.jsonl; each question has a passage of its own. Raises GoldError."""
    left_out: Counter[str] = Counter()
    records = [json.loads(line) for name in FILES for line in read_text_lines(data / FOLDER / name)]
    pages = write_records(out / CORPUS_FILE, map(page, records))
    written = write_records(out / GOLD_FILE, items(records, left_out))
    return Imported({CORPUS_FILE: pages, GOLD_FILE: written}, counted(left_out))


def page(record: Mapping[str, Any]) -> dict[str, Any]:
    """The page of a question's passage, under the question's id."""
    passage = record["passages"][0]
    return page_record(record["id"], passage["title"], [(HEADING, " ".join(passage["text"].split()))])


def items(records: list[dict[str, Any]], left_out: Counter[str]) -> Iterator[dict[str, Any]]:
    """A gold item a question: the marked sentences are its quotes, and one without any is "not_stated"."""
    for record in records:
        text = " ".join(record["passages"][0]["text"].split())
        marked = [" ".join(s.split()) for s in record["output"][0].get("selected_sentences", []) if s.strip()]
        quotes = [sentence for sentence in marked if sentence in text]
        if len(quotes) < len(marked):
            left_out["questions whose sentences are not in the passage word for word"] += 1
        elif quotes:
            yield gold_record(f"clapnq-{record['id']}", record["input"], [(record["id"], HEADING)], [quotes])
        else:
            item = gold_record(f"clapnq-{record['id']}", record["input"], unanswerable="not_stated")
            yield {**item, "about": record["id"]}


if __name__ == "__main__":
    raise SystemExit(run(convert, "Convert ClapNQ to a corpus and gold."))
