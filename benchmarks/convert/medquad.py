"""MedQuAD -> pages with sections, and questions that name a subject and a section (retrieval only).

A question asks for one section of one subject; it is right in that section of every page about the subject. Subjects,
not questions, are split into dev and test, so that no subject is in both.
"""

from __future__ import annotations

import hashlib
import random
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.convert.command import run
from procqa.errors import GoldError
from procqa.evaluation.importers import Imported
from procqa.evaluation.importers.files import (
    CORPUS_FILE,
    RETRIEVAL_TAG,
    counted,
    gold_record,
    page_record,
    read_pages,
    read_records,
    section_bodies,
    write_records,
)
from procqa.types import Document

HEADINGS = {
    "information": "Overview",
    "symptoms": "Symptoms",
    "treatment": "Treatment",
    "inheritance": "Inheritance",
    "frequency": "How common it is",
    "genetic changes": "Genetic changes",
    "causes": "Causes",
    "exams and tests": "Exams and tests",
    "research": "Research",
    "outlook": "Outlook",
    "susceptibility": "Who is at risk",
    "considerations": "Living with it",
    "prevention": "Prevention",
    "stages": "Stages",
    "complications": "Complications",
}
SAMPLES = {"dev": 500, "test": 1500}
DEV_SHARE = 20  # percent of the subjects
SEED = 7

# Layout became runs of white space: a dash with such a run on either side is an item's, and blocks are parted by a
# line end, three spaces, or two after the end of a sentence.
_ITEM = re.compile(r"(?:^|\n\s*|\s{2,})-\s+|\s-\s{2,}")
_BREAK = re.compile(r"\s*\n\s*|\s{3,}|(?<=[.!?:])\s{2}")


def convert(data: Path, out: Path) -> Imported:
    """Write corpus.jsonl, gold-dev.jsonl and gold-test.jsonl. Raises GoldError."""
    records = list(read_records(data / "medquad" / "medquad.jsonl.gz"))
    left_out: Counter[str] = Counter()
    try:
        written = {CORPUS_FILE: write_records(out / CORPUS_FILE, map(page, records))}
        items = gold(records, read_pages(out / CORPUS_FILE), left_out)
    except (KeyError, TypeError, AttributeError) as error:
        raise GoldError(f"medquad.jsonl.gz does not have the fields expected ({error}); fetch it again.") from None
    for split, sample in SAMPLES.items():
        of_split = [item for subject, item in items if split_of(subject) == split]
        chosen = random.Random(SEED).sample(of_split, min(sample, len(of_split)))
        left_out[f"not in the sample of {sample:,} of {split}"] = len(of_split) - len(chosen)
        name = f"gold-{split}.jsonl"
        written[name] = write_records(out / name, sorted(chosen, key=lambda item: str(item["id"])))
    return Imported(written, counted(left_out))


def page(record: Mapping[str, Any]) -> dict[str, Any]:
    """One page as a line of corpus.jsonl; answers of one kind share a section."""
    bodies: dict[str, list[str]] = {}
    for entry in record["qa"]:
        bodies.setdefault(HEADINGS[entry["qtype"]], []).append(tidy(entry["answer"]))
    sections = [(heading, "\n\n".join(texts)) for heading, texts in bodies.items()]
    return page_record(doc_id(record), subject_of(record), sections, record["synonyms"], record["url"])


def gold(
    records: Iterable[Mapping[str, Any]], pages: Mapping[str, Document], left_out: Counter[str]
) -> list[tuple[str, dict[str, Any]]]:
    """(subject, gold item) of every subject and section, in the order of the pages."""
    asked: dict[tuple[str, str], list[tuple[Mapping[str, Any], Mapping[str, Any]]]] = {}
    for record in records:
        for entry in record["qa"]:
            subject = subject_of(record).casefold()
            if subject:
                asked.setdefault((subject, entry["qtype"]), []).append((record, entry))
            else:
                left_out["questions of a page that states no subject"] += 1
    items = []
    ids: Counter[str] = Counter()  # a page may be asked the same of two subjects
    for (subject, kind), entries in asked.items():
        record, entry = entries[0]
        left_out["questions for the same subject and section as another"] += len(entries) - 1
        places = list(_places(HEADINGS[kind], [doc_id(record) for record, _ in entries], pages))
        if places:
            item_id = f"{record['id']}/{kind.replace(' ', '-')}"
            ids[item_id] += 1
            item = gold_record(
                item_id if ids[item_id] == 1 else f"{item_id}-{ids[item_id]}",
                tidy_question(entry["question"]),
                places,
                tags=[RETRIEVAL_TAG],
            )
            items.append((subject, item))
        else:
            left_out["questions whose section the reader does not keep"] += 1
    return items


def split_of(subject: str) -> str:
    """Dev or test, by the subject alone."""
    number = int.from_bytes(hashlib.sha256(subject.encode("utf-8")).digest()[:8], "big")
    return "dev" if number % 100 < DEV_SHARE else "test"


def doc_id(record: Mapping[str, Any]) -> str:
    """The path of the page's file, without its ending."""
    return str(record["file"]).removesuffix(".xml")


def subject_of(record: Mapping[str, Any]) -> str:
    """What the page is about, on one line; empty when it does not say."""
    return " ".join(record["focus"].split())


def tidy(answer: str) -> str:
    """The answer as paragraphs and `- item` lines."""
    blocks: list[str] = []
    for piece in _BREAK.split(_ITEM.sub("\n- ", answer.strip())):
        words = " ".join(piece.split())
        if not words or words == "-":
            continue
        is_item, follows_item = words.startswith("- "), bool(blocks) and blocks[-1].startswith("- ")
        if blocks:
            blocks.append("\n" if is_item and follows_item else "\n\n")
        blocks.append(words)
    return "".join(blocks)


def tidy_question(question: str) -> str:
    """The set's own words, without the space before the question mark and with one mark."""
    return re.sub(r"[\s?]*\?\s*$", "?", " ".join(question.split()))


def _places(heading: str, doc_ids: Sequence[str], pages: Mapping[str, Document]) -> Iterator[tuple[str, str]]:
    for name in doc_ids:
        if name in pages:
            yield from ((name, section) for section in section_bodies(pages[name], heading))


if __name__ == "__main__":
    raise SystemExit(run(convert, "Convert MedQuAD to a corpus and gold."))
