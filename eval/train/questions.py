"""Write the questions that teach what a question's wording tells, from the training gold beside this file.

    python eval/train/questions.py

Heads learn from the wording alone, so of every question only its words are kept, the canonical sections that answer it,
whether pages tell such things, and whether its conversation (`said`, where that is more) calls the procedure by its
name. A question about a procedure that has no page is left out: pages elsewhere have it. The plain questions of
plain-questions.jsonl, which name no procedure, come with them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from procqa.readers.vocabulary import CANONICAL_SECTIONS
from procqa.retrieval import read_query

HERE = Path(__file__).parent
OUT = HERE.parents[1] / "src/procqa/embedding/questions.jsonl"


def main() -> None:
    """Read every training gold file and write one line a question."""
    lines = [json.dumps(item, ensure_ascii=False) for item in (*_gold_questions(), *_plain_questions())]
    OUT.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _gold_questions() -> Iterator[dict[str, Any]]:
    for path in sorted(HERE.glob("gold-*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            item = json.loads(line)
            if item["unanswerable"] != "not_in_corpus":
                sections = sorted({place["section"] for place in item["relevant"]} & set(CANONICAL_SECTIONS))
                # As retrieval takes it: of a long message what asks, of a follow-up that only points what it points to.
                asked = read_query(item["question"], item["history"]).focus
                question = {"question": asked, "sections": sections, "told": item["unanswerable"] is None}
                yield question | _naming(item, asked)


def _naming(item: dict[str, Any], asked: str) -> dict[str, Any]:
    """Whether the procedure is called by its name, in all that was said, where the tags tell."""
    if not {"named", "indirect"} & set(item["tags"]):
        return {}
    said = "\n".join([*item["history"], item["question"]])
    return {"named": "named" in item["tags"]} | ({} if said == asked else {"said": said})


def _plain_questions() -> Iterator[dict[str, Any]]:
    for line in (HERE / "plain-questions.jsonl").read_text(encoding="utf-8").splitlines():
        group = json.loads(line)
        for question in group["questions"]:
            yield {"question": question, "sections": group["sections"], "told": True}


if __name__ == "__main__":
    main()
