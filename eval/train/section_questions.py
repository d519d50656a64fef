"""Write the questions that teach the section router, from the training gold beside this file.

    python eval/train/section_questions.py

The router learns from the wording alone, so only question and canonical sections are kept, and follow-ups, which need
their history, are left out. The plain questions of plain-questions.jsonl, which name no procedure, come with them.
"""

from __future__ import annotations

import json
from pathlib import Path

from procqa.readers.vocabulary import CANONICAL_SECTIONS

HERE = Path(__file__).parent
OUT = HERE.parents[1] / "src/procqa/embedding/section_questions.jsonl"


def main() -> None:
    """Read every training gold file and write one line a question."""
    lines = []
    for path in sorted(HERE.glob("gold-*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            item = json.loads(line)
            sections = sorted({place["section"] for place in item["relevant"]} & set(CANONICAL_SECTIONS))
            if sections and not item["history"]:
                lines.append(json.dumps({"question": item["question"], "sections": sections}, ensure_ascii=False))
    for line in (HERE / "plain-questions.jsonl").read_text(encoding="utf-8").splitlines():
        group = json.loads(line)
        items = ({"question": question, "sections": group["sections"]} for question in group["questions"])
        lines += [json.dumps(item, ensure_ascii=False) for item in items]
    OUT.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
