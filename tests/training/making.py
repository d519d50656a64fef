"""Pages and questions that a small model can be taught in a moment."""

from __future__ import annotations

import json
from pathlib import Path


def pages_and_questions(folder: Path, count: int) -> tuple[Path, Path]:
    """A corpus of so many pages, and a gold file that asks two questions of each."""
    corpus = folder / "corpus"
    corpus.mkdir(parents=True)
    questions = []
    for number in range(count):
        name, joint = f"page-{number:02}", ("knee", "hip", "hand", "foot")[number % 4]
        text = (
            f"{joint.title()} repair {number}\n\nDuration\n\nIt takes {number + 2} hours.\n\nRecovery\n\nRest a week.\n"
        )
        (corpus / f"{name}.txt").write_text(text, encoding="utf-8")
        for section, asked, quote in (
            ("Duration", "how long is it", f"It takes {number + 2} hours."),
            ("Recovery", "when am I well", "Rest a week."),
        ):
            place = [{"doc_id": name, "section": section}]
            item = {"id": f"{name}-{section}", "question": f"{joint} repair {number}, {asked}?", "history": []}
            questions.append({**item, "relevant": place, "answers": [[quote]], "unanswerable": None, "tags": []})
    gold = folder / "gold.jsonl"
    gold.write_text("".join(json.dumps(item) + "\n" for item in questions), encoding="utf-8")
    return corpus, gold
