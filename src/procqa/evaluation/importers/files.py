"""The files that every importer reads and writes, and the account of what it kept and left out."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from procqa.errors import GoldError
from procqa.readers import Page, read_corpus
from procqa.types import Document

CORPUS_FILE = "corpus.jsonl"
RETRIEVAL_TAG = "retrieval"  # marks gold that says where an answer stands, but quotes none


@dataclass(frozen=True, slots=True)
class Imported:
    """What an importer wrote: how many pages and items in which file, and how much it left out for which reason."""

    written: Mapping[str, int]
    left_out: Mapping[str, int] = field(default_factory=dict)

    def describe(self) -> str:
        """The account, a line each."""
        kept = [f"{name}: {count:,} written" for name, count in self.written.items()]
        lost = [f"left out, {reason}: {count:,}" for reason, count in self.left_out.items() if count]
        return "\n".join(kept + (lost or ["left out: nothing"]))


def read_records(path: Path) -> Iterator[dict[str, Any]]:
    """The objects of a JSON Lines file, .gz or plain, as a stream. Raises GoldError naming a bad line."""
    for number, line in enumerate(read_text_lines(path), 1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise GoldError(f"{path.name}, line {number} is not JSON ({error}); mend the line.") from None
        if not isinstance(record, dict):
            raise GoldError(f"{path.name}, line {number} is not an object {{...}}; mend the line.")
        yield record


def read_object(path: Path) -> Any:
    """The content of a JSON file. Raises GoldError."""
    try:
        return json.loads("".join(read_text_lines(path)))
    except (ValueError, RecursionError) as error:
        raise GoldError(f"{path.name} is not JSON ({error}); mend or fetch the file again.") from None


def read_text_lines(path: Path) -> Iterator[str]:
    """The lines of a UTF-8 file, .gz or plain, with their line ends. Raises GoldError."""
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
            for number, line in enumerate(file, 1):
                try:
                    yield line.decode("utf-8-sig" if number == 1 else "utf-8")
                except UnicodeDecodeError:
                    raise GoldError(f"{path.name}, line {number} is not UTF-8; save the file as UTF-8.") from None
    except (OSError, EOFError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise GoldError(f"{path} cannot be read ({reason}); name the place of the data set.") from None


def write_records(path: Path, records: Iterable[Mapping[str, Any]]) -> int:
    """Write one JSON object a line, in place of any earlier file, and count them. Raises GoldError."""
    count = 0
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8", newline="\n") as file:
            for record in records:
                file.write(json.dumps(record, ensure_ascii=False) + "\n")
                count += 1
    except OSError as error:
        raise GoldError(f"{path} cannot be written ({error.strerror}); choose another folder.") from None
    return count


def page_record(
    doc_id: str, title: str, sections: Iterable[tuple[str, str]], aliases: Sequence[str] = (), url: str = ""
) -> dict[str, Any]:
    """A line of corpus.jsonl. `sections` are (heading, text)."""
    record: dict[str, Any] = {"doc_id": doc_id, "title": title}
    if aliases:
        record["aliases"] = list(aliases)
    if url:
        record["url"] = url
    return {**record, "sections": [{"heading": heading, "text": text} for heading, text in sections]}


def read_pages(corpus: Path, wanted: Collection[str] | None = None) -> dict[str, Document]:
    """The pages of a corpus file as an index reads them, by doc_id; of a large one only those that are `wanted`."""
    return {
        item.document.doc_id: item.document
        for item in read_corpus(corpus)
        if isinstance(item, Page) and (wanted is None or item.document.doc_id in wanted)
    }


def section_bodies(page: Document, heading: str) -> dict[str, str]:
    """Name -> text of the sections that stand under a heading on a page; the reader may name them otherwise."""
    bodies: dict[str, str] = {}
    for section in page.sections:
        if section.heading == heading:
            body = page.text[section.start : section.end]
            bodies[section.name] = f"{bodies[section.name]}\n{body}" if section.name in bodies else body
    return bodies


def gold_record(
    item_id: str,
    question: str,
    relevant: Iterable[tuple[str, str]] = (),
    answers: Sequence[Sequence[str]] = (),
    unanswerable: str | None = None,
    tags: Sequence[str] = (),
) -> dict[str, Any]:
    """A line of a gold file. `relevant` are (doc_id, section), each kept once."""
    return {
        "id": item_id,
        "question": question,
        "history": [],
        "relevant": [{"doc_id": doc_id, "section": section} for doc_id, section in dict.fromkeys(relevant)],
        "answers": [list(quotes) for quotes in answers],
        "unanswerable": unanswerable,
        "tags": list(tags),
    }


def counted(left_out: Counter[str]) -> dict[str, int]:
    """The counter as a plain mapping, the commonest reason first."""
    return dict(left_out.most_common())
