"""Write the questions that teach what a question's wording tells, from the training gold beside this file.

    python eval/train/questions.py

Heads learn from the wording alone, so of every question only its words are kept, the canonical sections that answer it,
whether pages tell such things, whether its conversation (`said`, where that is more) calls the procedure by its name,
and whether all items of a list answer it or one (`whole`). A question about a procedure that has no page is left out:
pages elsewhere have it. The plain questions of plain-questions.jsonl, which name no procedure, come with them.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

from procqa.embedding.export import MAX_TOKENS
from procqa.embedding.onnx import TOKENIZER_FILE
from procqa.embedding.pieces import WordPieces
from procqa.passages import split_document
from procqa.readers import Page, read_corpus
from procqa.readers.vocabulary import CANONICAL_SECTIONS
from procqa.retrieval import read_query
from procqa.settings import Settings

HERE = Path(__file__).parent
OUT = HERE.parents[1] / "src/procqa/embedding/questions.jsonl"
FEWEST_ITEMS = 2


def main() -> None:
    """Read every training gold file and write one line a question."""
    lines = [json.dumps(item, ensure_ascii=False) for item in (*_gold_questions(), *_plain_questions())]
    OUT.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _gold_questions() -> Iterator[dict[str, Any]]:
    lists = _lists()
    for path in sorted(HERE.glob("gold-*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            item = json.loads(line)
            if item["unanswerable"] != "not_in_corpus":
                sections = sorted({place["section"] for place in item["relevant"]} & set(CANONICAL_SECTIONS))
                # As retrieval takes it: of a long message what asks, of a follow-up that only points what it points to.
                asked = read_query(item["question"], item["history"]).focus
                question = {"question": asked, "sections": sections, "told": item["unanswerable"] is None}
                yield question | _naming(item, asked) | _wanting(item, lists)


def _naming(item: dict[str, Any], asked: str) -> dict[str, Any]:
    """Whether the procedure is called by its name, in all that was said, where the tags tell."""
    if not {"named", "indirect"} & set(item["tags"]):
        return {}
    said = "\n".join([*item["history"], item["question"]])
    return {"named": "named" in item["tags"]} | ({} if said == asked else {"said": said})


def _wanting(item: dict[str, Any], lists: Mapping[tuple[str, str], Sequence[str]]) -> dict[str, Any]:
    """Whether all items of the one list that answers are wanted; nothing where some of them are."""
    items = [text for place in item["relevant"] for text in lists.get((place["doc_id"], place["section"]), ())]
    if len(item["relevant"]) != 1 or len(items) < FEWEST_ITEMS:
        return {}
    quoted = max(sum(any(_same(text, quote) for quote in answer) for text in items) for answer in item["answers"])
    return {"whole": quoted == len(items)} if quoted in (0, 1, len(items)) else {}


def _same(item: str, quote: str) -> bool:
    return quote in item or item.strip(" -*•") in quote


def _lists() -> dict[tuple[str, str], list[str]]:
    """The items of every section that has any, by page and section."""
    pieces = WordPieces(Path(str(resources.files("procqa.embedding") / "model" / TOKENIZER_FILE)), MAX_TOKENS)
    items = defaultdict(list)
    for page in read_corpus(HERE / "corpus"):
        assert isinstance(page, Page), page
        for passage in split_document(page.document, pieces, Settings().passage_tokens):
            texts = [page.document.text[line.start : line.end] for line in passage.lines if line.is_item]
            items[passage.doc_id, passage.section] += texts
    return items


def _plain_questions() -> Iterator[dict[str, Any]]:
    for line in (HERE / "plain-questions.jsonl").read_text(encoding="utf-8").splitlines():
        group = json.loads(line)
        for question in group["questions"]:
            yield {"question": question, "sections": group["sections"], "told": True}
        for question in group.get("whole", ()):
            yield {"question": question, "sections": group["sections"], "told": True, "whole": True}


if __name__ == "__main__":
    main()
