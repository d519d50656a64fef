"""Open a system by its name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from procqa.embedding import Encoder
from procqa.engine import PARTS
from procqa.errors import ProcqaError
from procqa.evaluation.baselines import BASELINES, Baseline
from procqa.evaluation.systems import EngineSystem, System
from procqa.index.snapshot import Snapshot
from procqa.retrieval import WEIGHTS

SYSTEMS = ("procqa", *BASELINES)
READER = "reader"  # what procqa can go without too


def open_system(
    name: str = "procqa",
    *,
    index: Path = Path("index"),
    threads: int = 0,
    encoder: Encoder | None = None,
    without: Sequence[str] = (),
) -> System:
    """One of SYSTEMS over the current snapshot of `index`; `encoder` replaces the stored one.

    `without` leaves out parts of procqa or of its score (an ablation). Raises ProcqaError.
    """
    if name not in SYSTEMS:
        raise ProcqaError(f"{name} is not a system; the systems are {', '.join(SYSTEMS)}.")
    parts = (*WEIGHTS, *PARTS, READER)
    unknown = [part for part in without if part not in parts]
    if unknown or (without and name != "procqa"):
        raise ProcqaError(f"Only procqa can go without a part, and its parts are {', '.join(parts)}.")
    snapshot = Snapshot.open(index, encoder, threads, read=READER not in without)
    return EngineSystem(snapshot, without) if name == "procqa" else Baseline(name, BASELINES[name](), snapshot)


def open_service(url: str, timeout: float = 60.0) -> System:
    """The procqa service at `url`; `timeout` in seconds is for each question. Raises ProcqaError."""
    try:
        from procqa.evaluation.remote import Service
    except ImportError:
        raise ProcqaError('Asking a service needs httpx; add it with `pip install "procqa[eval]"`.') from None
    return Service(url, timeout)
