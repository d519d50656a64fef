"""CANARD (Elgohary et al., 2019) -> follow-up questions with the rewrite that stands alone.

Its history alternates: article title, section title, then question and answer in turn. Askers of procqa send earlier
questions only, so the answers are left out and the two titles, which the questions lean on, become `topic`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.convert.command import run
from benchmarks.convert.follow_ups import FOLLOW_UPS_FILE, follow_up, one_line
from procqa.errors import GoldError
from procqa.evaluation.importers import Imported
from procqa.evaluation.importers.files import counted, read_object, write_records

TITLES = 2


def convert(data: Path, out: Path) -> Imported:
    """Write follow-ups.jsonl. Raises GoldError."""
    left_out: Counter[str] = Counter()
    questions = read_object(data / "canard" / "dev.json")
    try:
        written = write_records(out / FOLLOW_UPS_FILE, items(questions, left_out))
    except (KeyError, TypeError, AttributeError) as error:
        raise GoldError(f"CANARD's dev.json does not have the fields expected ({error}); fetch it again.") from None
    return Imported({FOLLOW_UPS_FILE: written}, counted(left_out))


def items(questions: list[dict[str, Any]], left_out: Counter[str]) -> Iterator[dict[str, Any]]:
    """Every question that follows another one."""
    for entry in questions:
        titles, turns = entry["History"][:TITLES], entry["History"][TITLES:]
        earlier = turns[::2]
        if not earlier:
            left_out["first questions of a dialogue"] += 1
        elif not entry["Question"].strip() or not entry["Rewrite"].strip():
            left_out["questions without words or without a rewrite"] += 1
        else:
            yield follow_up(
                f"canard-{entry['QuAC_dialog_id']}-{entry['Question_no']}",
                earlier,
                entry["Question"],
                entry["Rewrite"],
                topic=[one_line(title) for title in titles],
            )


if __name__ == "__main__":
    raise SystemExit(run(convert, "Convert CANARD to follow-up questions."))
