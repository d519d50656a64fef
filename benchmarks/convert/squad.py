"""The SQuAD 2.0 dev half -> corpus and gold: whether procqa abstains where the pages do not say."""

from __future__ import annotations

from pathlib import Path

from benchmarks.convert.command import run
from procqa.evaluation.importers import Imported, import_squad


def convert(data: Path, out: Path) -> Imported:
    """Write corpus.jsonl and gold.jsonl. Raises GoldError."""
    return import_squad(data / "squad2_dev_half" / "dev-v2.0.json", out)


if __name__ == "__main__":
    raise SystemExit(run(convert, "Convert the SQuAD 2.0 dev half to a corpus and gold."))
