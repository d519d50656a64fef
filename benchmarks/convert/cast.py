"""TREC CAsT 2019 (Dalton et al., 2020) -> follow-up questions: what was typed, and the manual rewrite."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks.convert.command import run
from benchmarks.convert.follow_ups import FOLLOW_UPS_FILE, follow_up
from procqa.errors import GoldError
from procqa.evaluation.importers import Imported
from procqa.evaluation.importers.files import counted, read_object, read_text_lines, write_records

FOLDER = "trec_cast"
TOPICS = "evaluation_topics_v1.0.json"
REWRITES = "evaluation_topics_annotated_resolved_v1.0.tsv"


def convert(data: Path, out: Path) -> Imported:
    """Write follow-ups.jsonl. Raises GoldError."""
    left_out: Counter[str] = Counter()
    topics = read_object(data / FOLDER / TOPICS)
    rewrites = read_rewrites(data / FOLDER / REWRITES)
    try:
        written = write_records(out / FOLLOW_UPS_FILE, items(topics, rewrites, left_out))
    except (KeyError, TypeError, AttributeError) as error:
        raise GoldError(f"{TOPICS} does not have the fields expected ({error}); fetch it again.") from None
    return Imported({FOLLOW_UPS_FILE: written}, counted(left_out))


def items(
    topics: list[dict[str, Any]], rewrites: Mapping[str, str], left_out: Counter[str]
) -> Iterator[dict[str, Any]]:
    """Every turn but the first of each topic, with the earlier turns as they were typed."""
    for topic in topics:
        typed = [turn["raw_utterance"] for turn in topic["turn"]]
        for place, turn in enumerate(topic["turn"]):
            name = f"{topic['number']}_{turn['number']}"
            if place == 0:
                left_out["first questions of a topic"] += 1
            elif name not in rewrites:
                left_out["questions without a rewrite"] += 1
            else:
                yield follow_up(f"cast-{name}", typed[:place], typed[place], rewrites[name])


def read_rewrites(path: Path) -> dict[str, str]:
    """Lines of `topic_turn`, a tab, and the rewrite. Raises GoldError."""
    rewrites = {}
    for number, line in enumerate(read_text_lines(path), 1):
        name, mark, text = line.partition("\t")
        if mark and text.strip():
            rewrites[name.strip()] = text
        elif line.strip():
            raise GoldError(f"{path.name}, line {number} has no rewrite; fetch the file again.")
    return rewrites


if __name__ == "__main__":
    raise SystemExit(run(convert, "Convert TREC CAsT 2019 to follow-up questions."))
