"""What all systems are given: pages in slices, and the passages of each as procqa splits and embeds them."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from procqa.index.snapshot import STORE
from procqa.index.store import Store
from procqa.index.versions import current_folder


@dataclass(frozen=True, slots=True)
class Material:
    """Pages, and their passages for the peers: {"id", "doc_id", "section", "text"} a line."""

    pages: Path
    passages: Path


def write_pages(corpus: Path, numbers: Collection[int], path: Path) -> Path:
    """Some pages of a corpus in JSON lines, by their numbers from 0."""
    with corpus.open(encoding="utf-8") as file:
        path.write_text("".join(line for number, line in enumerate(file) if number in numbers), encoding="utf-8")
    return path


def write_passages(index: Path, path: Path) -> Path:
    """The passages of a built index, each with the text that procqa embeds for it: title, heading and words."""
    folder = current_folder(index)
    assert folder is not None, f"there is no index in {index}"
    with closing(Store(folder / STORE)) as store, path.open("w", encoding="utf-8") as file:
        passages = store.passages(range(store.counts()[1]))
        for passage, (title, heading, body) in zip(passages, store.worded_texts(), strict=True):
            row = {"id": passage.passage_id, "doc_id": passage.doc_id, "section": passage.section}
            file.write(json.dumps(row | {"text": f"{title}\n{heading}\n{body}"}, ensure_ascii=False) + "\n")
    return path


def read_passages(path: Path) -> Sequence[dict[str, str]]:
    """The passages of a file that `write_passages` wrote."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
