"""procqa as the peers are run: builds an index from pages, and tells the seconds; `procqa serve` does the rest.

python -m benchmarks.peers.procqa_system PAGES INDEX MODEL
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from procqa.index.build import build_index
from procqa.settings import Settings


def main() -> None:
    """Everything is counted: reading and splitting the pages, the encoder, the vectors, the words and the checksums."""
    pages, index, model = sys.argv[1:]
    began = time.perf_counter()
    report = build_index(Settings(corpus=Path(pages), index=Path(index), model=model))
    print(json.dumps({"seconds": time.perf_counter() - began, "passages": report.passages}))


if __name__ == "__main__":
    main()
