"""How often the fault tests try their luck, and disks that are full or read only."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest


@pytest.fixture
def rounds(pytestconfig: pytest.Config) -> Callable[[int], int]:
    """How many rounds to go: those of `--rounds`, or so many."""
    given = pytestconfig.getoption("--rounds")
    return lambda few: int(given) if given else few


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Mounts a disk in memory with the given options; skips where that is not allowed."""
    mounted: list[Path] = []

    def mount(options: str) -> Path:
        folder = tmp_path / f"disk{len(mounted)}"
        folder.mkdir()
        if os.geteuid() != 0 or run("mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)) != 0:
            pytest.skip("a disk of its own can be mounted by root alone")
        mounted.append(folder)
        return folder

    yield mount
    for folder in mounted:
        run("umount", "--lazy", str(folder))


def run(*command: str) -> int:
    return subprocess.run(command, capture_output=True, check=False).returncode
