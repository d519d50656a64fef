"""What a snapshot says of itself, and whether its files still are what it says."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from procqa.errors import SnapshotError

FORMAT_VERSION = 5
MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True)
class Manifest:
    """Written last, so that a folder without one was never finished."""

    version: str
    built_at: str
    embedding_model: str
    model_sha256: str  # the identity of the encoder: weights, and what its projection and heads were fitted on
    passage_tokens: int
    reading: str  # the identity of the code that read and split the pages
    corpus_sha256: str
    documents: int
    passages: int
    set_aside: int
    sections: tuple[str, ...]  # the names that layout.npy numbers
    search: dict[str, Any]  # how vectors are searched, and what was measured of it
    files: dict[str, dict[str, Any]] = field(default_factory=dict)  # path: {"bytes", "sha256"}
    format_version: int = FORMAT_VERSION

    def save(self, folder: Path) -> None:
        """Write manifest.json and push it to the disk."""
        with (folder / MANIFEST).open("w", encoding="utf-8") as file:
            json.dump(asdict(self), file, ensure_ascii=False, indent=1)
            file.flush()
            os.fsync(file.fileno())

    @classmethod
    def load(cls, folder: Path) -> Manifest:
        """Read manifest.json; raises SnapshotError with the command that mends it."""
        try:
            values = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
            found = values.get("format_version")
            if found != FORMAT_VERSION:
                raise SnapshotError(
                    f"The index {folder.name} has format {found} and this procqa reads format {FORMAT_VERSION}; "
                    "rebuild it with `procqa index build`."
                )
            values |= {"sections": tuple(values["sections"])}
            return cls(**values)
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            raise SnapshotError(
                f"The index {folder.name} has no readable {MANIFEST}; rebuild it with `procqa index build`."
            ) from None


def file_table(folder: Path) -> dict[str, dict[str, Any]]:
    """Size and sha256 of every file below a folder, for the manifest."""
    table = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file() and path.name != MANIFEST):
        table[path.relative_to(folder).as_posix()] = {"bytes": path.stat().st_size, "sha256": _sha256(path)}
    return table


def damage(
    folder: Path, manifest: Manifest, *, checksums: bool, wanted: Callable[[str], bool] = lambda name: True
) -> list[str]:
    """What is wrong with the `wanted` files of a snapshot, a sentence each; sizes only unless `checksums`."""
    wrong = []
    for name, expected in manifest.files.items():
        if not wanted(name):
            continue
        path = folder / name
        try:
            size = path.stat().st_size
            if size != expected["bytes"]:
                wrong.append(f"{name} has {size} bytes instead of {expected['bytes']}")
            elif checksums and _sha256(path) != expected["sha256"]:
                wrong.append(f"{name} does not match its checksum")
        except FileNotFoundError:
            wrong.append(f"{name} is missing")
        except OSError as error:
            wrong.append(f"{name} cannot be read ({error.strerror})")
    return wrong


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
