"""Where a run comes from: the header that every output carries."""

from __future__ import annotations

import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from procqa.evaluation.gold import Gold
from procqa.evaluation.records import RunHeader
from procqa.evaluation.systems import SystemInfo


def run_header(gold: Gold, system: SystemInfo) -> RunHeader:
    """The header of a run that begins now, here."""
    return RunHeader(
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        commit=commit_of(Path.cwd()),
        procqa=system.procqa,
        index_version=system.index_version,
        embedding_model=system.embedding_model,
        system=system.name,
        gold_file=gold.name,
        gold_sha256=gold.sha256,
        mode=system.mode,
        documents=system.documents,
        passages=system.passages,
        model_sha256=system.model_sha256,
        corpus_sha256=system.corpus_sha256,
        settings=system.settings,
    )


def commit_of(folder: Path) -> str:
    """The commit checked out in a folder, with -dirty when a tracked file was changed; "unknown" outside git."""
    commit = _git(folder, "rev-parse", "--verify", "HEAD")
    if not commit:
        return "unknown"
    return f"{commit}-dirty" if _git(folder, "status", "--porcelain", "--untracked-files=no") else commit


def _git(folder: Path, *arguments: str) -> str:
    """What git prints, or nothing when it is missing or refuses."""
    program = shutil.which("git")
    if program is None:
        return ""
    done = subprocess.run(  # noqa: S603 - fixed arguments
        [program, "-C", str(folder), *arguments], capture_output=True, text=True, check=False
    )
    return done.stdout.strip() if done.returncode == 0 else ""
