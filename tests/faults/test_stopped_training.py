"""`procqa train`, killed while it teaches the encoder and again at the reader, ends as if it never was.

`pytest tests/faults/test_stopped_training.py --rounds 1` runs it once.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.training.making import pages_and_questions

pytest.importorskip("torch")
pytest.importorskip("accelerate", reason="training needs procqa[train]")
pytestmark = [pytest.mark.faults, pytest.mark.model]

PATIENCE_SECONDS = 3600.0


def train(folder: Path, out: str, until: str = "") -> str:
    """Run the command to its end, or kill it once a file like `until` is there; what it said on standard error."""
    command = [sys.executable, "-c", "from procqa.cli import main; main()", "train", "--layers", "1", "--epochs", "6"]
    command += ["--corpus", "corpus", "--gold", "gold.jsonl", "--out", out]
    with (folder / "said").open("w+", encoding="utf-8") as said:
        running = subprocess.Popen(command, cwd=folder, stdout=said, stderr=said)
        deadline = time.monotonic() + PATIENCE_SECONDS
        try:
            while running.poll() is None:
                assert time.monotonic() < deadline, f"still running after {PATIENCE_SECONDS:.0f} s"
                if until and any((folder / out).glob(until)):
                    os.kill(running.pid, signal.SIGKILL)
                time.sleep(0.02)
        finally:
            running.kill()
            running.wait()
        said.seek(0)
        heard = said.read()
    # 1: it ran to its end, and so small a set makes nothing better than chance.
    assert running.returncode in ((-signal.SIGKILL,) if until else (0, 1)), heard
    return heard


def test_a_killed_run_ends_as_one_that_was_not(tmp_path: Path, rounds: Callable[[int], int]) -> None:
    if not rounds(0):
        pytest.skip("a round trains for a minute; --rounds 1 does")
    pages_and_questions(tmp_path, 48)
    train(tmp_path, "whole")
    for number in range(rounds(0)):
        out = f"killed-{number}"
        train(tmp_path, out, until="checkpoints/encoder/checkpoint-*/trainer_state.json")
        second = train(tmp_path, out, until="checkpoints/reader-0/checkpoint-*/trainer_state.json")
        assert re.search(r"Going on from step [1-9]\d* of \d+: the encoder|sitting: the encoder", second), second
        last = train(tmp_path, out)
        assert "Taught in an earlier sitting: the encoder" in last, last
        assert re.search(r"Going on from step [1-9]\d* of \d+: the reader|sitting: the reader", last), last
        for weights in ("model.safetensors", "reader.safetensors"):
            whole = (tmp_path / "whole" / "weights" / weights).read_bytes()
            assert (tmp_path / out / "weights" / weights).read_bytes() == whole
