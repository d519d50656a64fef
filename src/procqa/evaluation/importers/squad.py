"""SQuAD 2.0 JSON (Rajpurkar et al., 2018) -> a page for each article, a section for each paragraph, and gold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from procqa.errors import GoldError
from procqa.evaluation.importers.files import (
    CORPUS_FILE,
    Imported,
    counted,
    gold_record,
    page_record,
    read_object,
    read_pages,
    section_bodies,
    write_records,
)
from procqa.types import Document

GOLD_FILE = "gold.jsonl"


def import_squad(file: Path, out: Path) -> Imported:
    """Write `out`/corpus.jsonl and `out`/gold.jsonl from a SQuAD file (1.1 or 2.0, also .gz). Raises GoldError.

    Impossible questions become unanswerable "not_stated". A question is left out when its paragraph has none of its
    answers word for word.
    """
    content = read_object(file)
    left_out: Counter[str] = Counter()
    try:
        articles = _named(content["data"])
        pages = write_records(out / CORPUS_FILE, (_page(name, article) for name, article in articles.items()))
        items = _items(articles, read_pages(out / CORPUS_FILE), left_out)
        questions = write_records(out / GOLD_FILE, items)
    except (KeyError, TypeError, AttributeError) as error:
        raise GoldError(
            f"{file.name} is not in the form of SQuAD (wrong or missing: {error}); check the file."
        ) from None
    return Imported({CORPUS_FILE: pages, GOLD_FILE: questions}, counted(left_out))


def _named(articles: list[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """doc_id -> article: the title as it stands, and a number behind it where an earlier article has it."""
    named: dict[str, Mapping[str, Any]] = {}
    for number, article in enumerate(articles, 1):
        title = " ".join(str(article.get("title", "")).split()) or "article"
        named[f"{title}-{number}" if title in named or title == "article" else title] = article
    return named


def _page(doc_id: str, article: Mapping[str, Any]) -> dict[str, Any]:
    title = " ".join(str(article.get("title", "")).replace("_", " ").split())
    paragraphs = ((_heading(number), text["context"]) for number, text in enumerate(article["paragraphs"], 1))
    return page_record(doc_id, title or doc_id, paragraphs)


def _heading(number: int) -> str:
    return f"Paragraph {number}"


def _items(
    articles: Mapping[str, Mapping[str, Any]], pages: Mapping[str, Document], left_out: Counter[str]
) -> Iterator[dict[str, Any]]:
    for doc_id, article in articles.items():
        for number, paragraph in enumerate(article["paragraphs"], 1):
            page = pages.get(doc_id)
            bodies = section_bodies(page, _heading(number)) if page else {}
            for question in paragraph["qas"]:
                if not question["question"].strip():
                    left_out["questions without words"] += 1
                elif question.get("is_impossible"):
                    yield gold_record(str(question["id"]), question["question"].strip(), unanswerable="not_stated")
                elif item := _answerable(question, doc_id, bodies):
                    yield item
                else:
                    left_out["questions without an answer that stands in the paragraph"] += 1


def _answerable(question: Mapping[str, Any], doc_id: str, bodies: Mapping[str, str]) -> dict[str, Any] | None:
    """The gold item with the distinct answers that the section holds word for word; None when there is none."""
    texts = dict.fromkeys(answer["text"].strip() for answer in question["answers"])
    for section, body in bodies.items():
        quotes = [[text] for text in texts if text and text in body]
        if quotes:
            return gold_record(str(question["id"]), question["question"].strip(), [(doc_id, section)], quotes)
    return None
