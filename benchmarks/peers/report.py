"""Figures kept by commit, and the tables made of them."""

from __future__ import annotations

import json
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.load.process import ROOT

RESULTS = ROOT / "benchmarks" / "results"
# What each line of the table shows: (figure, its words, digits, whether more is better).
LINES = (
    ("passages_per_second", "indexed, passages a second", 1, True),
    ("ready_seconds", "cold start until ready, s", 1, False),
    ("memory_mb", "memory after that, MB (PSS)", 0, False),
    ("p50_ms", "one client, p50, ms", 1, False),
    ("p99_ms", "one client, p99, ms", 1, False),
    ("per_second_1", "answers a second, 1 client", 1, True),
    ("per_second_4", "4 clients", 1, True),
    ("per_second_16", "16 clients", 1, True),
)


def save(figures: dict[str, Any], kind: str) -> Path:
    """Write figures to results/, named by the commit that they were measured at."""
    commit = subprocess.run(
        ["git", "-C", ROOT, "rev-parse", "--short", "HEAD"], check=True, capture_output=True, text=True
    ).stdout.strip()
    head = {"commit": commit, "at": datetime.now(UTC).isoformat(timespec="minutes"), "machine": platform.machine()}
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{kind}-{commit}.json"
    path.write_text(json.dumps(head | figures, indent=1) + "\n", encoding="utf-8")
    return path


def peers_table(figures: dict[str, Any]) -> str:
    """Markdown: a line a figure, with how many times better procqa is than the best of the others."""
    systems = figures["systems"]
    names = list(systems)
    rows = [["", *names, "procqa against the best other"], ["---"] * (len(names) + 2)]
    for key, words, digits, more in LINES:
        values = [systems[name][key] for name in names]
        best = (max if more else min)(values[1:])
        ratio = values[0] / best if more else best / values[0]
        rows.append([words, *(f"{value:.{digits}f}" for value in values), f"{ratio:.1f} times"])
    qualities = (("right_page", "right page"), ("right_section", "right section"), ("token_f1", "token F1"))
    for key, words in qualities if figures["quality"] else ():
        values = [figures["quality"][name][key] for name in names]
        rows.append([words, *(f"{value:.3f}" for value in values), f"{values[0] - max(values[1:]):+.3f}"])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
