"""A run that may be stopped and gone on with: what it was begun with, and how long its sittings took."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from procqa.errors import ModelError
from procqa.training.examples import TrainingSet

RUN_FILE = "run.json"


def begin(folder: Path, what: Mapping[str, str | int], now: float) -> float:
    """Begin a run that keeps its unfinished work in `folder`, or go on with it; the seconds of earlier sittings.

    `what` decides the result, and `now` is when this sitting began. Raises ModelError when the unfinished run in the
    folder is of something else.
    """
    file, earlier = folder / RUN_FILE, 0.0
    if file.is_file():
        kept = json.loads(file.read_text(encoding="utf-8"))
        other = [name for name in what if kept["what"].get(name) != what[name]]
        if other:
            raise ModelError(
                f"{folder.parent} holds an unfinished run with another {', '.join(other)}; "
                "give another folder by --out, or remove that one."
            )
        # A stop tells no time: what was written last before this sitting does.
        written = [time for path in folder.rglob("*") if (time := path.stat().st_mtime) < now]
        earlier = kept["earlier_seconds"] + max(0.0, max(written, default=0.0) - kept["began"])
    folder.mkdir(parents=True, exist_ok=True)
    partial = file.with_suffix(".partial")
    values = {"what": dict(what), "began": now, "earlier_seconds": earlier}
    partial.write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")
    partial.replace(file)
    return float(earlier)


def digest(held: TrainingSet) -> str:
    """Equal for sets with the same pages and questions, wherever they were read from."""
    told = hashlib.sha256()
    for page in held.pages:
        told.update(f"{page.document.doc_id} {page.document.sha256}\n".encode())
    for question in held.questions:
        told.update(f"{question.item}\n".encode())
    return told.hexdigest()[:16]
