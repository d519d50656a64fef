"""A BEIR folder (Thakur et al., 2021) -> a corpus, and retrieval gold for each of its splits.

BEIR judges whole documents, so every section of a relevant document counts as relevant.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from procqa.errors import GoldError
from procqa.evaluation.importers.files import (
    CORPUS_FILE,
    RETRIEVAL_TAG,
    Imported,
    counted,
    gold_record,
    page_record,
    read_pages,
    read_records,
    read_text_lines,
    write_records,
)
from procqa.types import Document

TEXT_HEADING = "Text"

_HEADING = re.compile(r"^#{1,6}[ \t]+(\S.*?)[ \t#]*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class _Split:
    """The judgements of one qrels file: query id -> ids of relevant documents, in the order of the file."""

    name: str
    relevant: Mapping[str, list[str]]


def import_beir(folder: Path, out: Path) -> Imported:
    """Write `out`/corpus.jsonl, and `out`/gold-SPLIT.jsonl for each qrels/SPLIT.tsv. Raises GoldError.

    The corpus is streamed. A document is one section, "Text", unless it has Markdown headings. Judgements of 0 are
    not relevant, and a query without a relevant document is left out.
    """
    splits = [_Split(path.stem, _read_qrels(path)) for path in sorted((folder / "qrels").glob("*.tsv"))]
    if not splits:
        raise GoldError(
            f"There is no qrels/*.tsv in {folder}; name a BEIR folder (corpus.jsonl, queries.jsonl, qrels)."
        )
    queries = {_identity(record): str(record.get("text") or "") for record in read_records(folder / "queries.jsonl")}
    left_out: Counter[str] = Counter()
    pages = map(_page, read_records(folder / "corpus.jsonl"))
    written = {CORPUS_FILE: write_records(out / CORPUS_FILE, pages)}
    wanted = {doc_id for split in splits for doc_ids in split.relevant.values() for doc_id in doc_ids}
    kept = read_pages(out / CORPUS_FILE, wanted)
    for split in splits:
        name = f"gold-{split.name}.jsonl"
        written[name] = write_records(out / name, _items(split, queries, kept, left_out))
    return Imported(written, counted(left_out))


def _page(record: Mapping[str, Any]) -> dict[str, Any]:
    """A document of a title alone has its title for a text."""
    doc_id, title = _identity(record), str(record.get("title") or "")
    return page_record(doc_id, title, _sections(str(record.get("text") or "").strip() or title))


def _sections(text: str) -> Iterator[tuple[str, str]]:
    """(heading, body) of what stands before the first heading, and under each."""
    heading, start = TEXT_HEADING, 0
    for mark in _HEADING.finditer(text):
        if text[start : mark.start()].strip():
            yield heading, text[start : mark.start()].strip()
        heading, start = mark.group(1), mark.end()
    if text[start:].strip():
        yield heading, text[start:].strip()


def _items(
    split: _Split, queries: Mapping[str, str], pages: Mapping[str, Document], left_out: Counter[str]
) -> Iterator[dict[str, Any]]:
    for query_id, doc_ids in split.relevant.items():
        question = queries.get(query_id, "").strip()
        left_out["judgements of documents that are not in the corpus"] += sum(name not in pages for name in doc_ids)
        places = list(_places(doc_ids, pages))
        if not question:
            left_out["judged queries that queries.jsonl does not have"] += 1
        elif not places:
            left_out["queries without a relevant document"] += 1
        else:
            yield gold_record(query_id, question, places, tags=[RETRIEVAL_TAG])


def _places(doc_ids: Iterable[str], pages: Mapping[str, Document]) -> Iterator[tuple[str, str]]:
    for doc_id in doc_ids:
        if doc_id in pages:
            yield from ((doc_id, section.name) for section in pages[doc_id].sections)


def _read_qrels(path: Path) -> dict[str, list[str]]:
    """query-id, corpus-id, score, parted by tabs, below a line of names. Raises GoldError naming a bad line."""
    relevant: dict[str, list[str]] = {}
    for number, line in enumerate(read_text_lines(path), 1):
        cells = line.rstrip("\r\n").split("\t")
        if not line.strip() or (number == 1 and not _is_number(cells[-1])):
            continue
        if len(cells) != 3 or not _is_number(cells[2]):
            raise GoldError(
                f"{path.name}, line {number} is not query-id, corpus-id and score with tabs; mend the line."
            )
        of_query = relevant.setdefault(cells[0], [])
        if float(cells[2]) > 0:
            of_query.append(cells[1])
    return relevant


def _is_number(text: str) -> bool:
    return re.fullmatch(r"\s*-?\d+(\.\d+)?\s*", text) is not None


def _identity(record: Mapping[str, Any]) -> str:
    name = record.get("_id", record.get("id"))
    if not isinstance(name, (str, int)) or not str(name).strip():
        raise GoldError(f"A record has no _id: {str(dict(record))[:80]}; every document and query needs one.")
    return str(name)
