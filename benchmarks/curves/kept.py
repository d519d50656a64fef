"""Points of a curve, kept in a file as they are measured, so that a stopped run goes on with those that are missing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any


class Kept:
    """Points by name in a JSON file, with what they were measured with; written whole after each."""

    def __init__(self, file: Path, measured_with: Mapping[str, Any]) -> None:
        """Read the file, if there is one; exits when its points were measured with something else."""
        self._file = file
        self._values: dict[str, Any] = {"measured_with": dict(measured_with), "points": {}}
        if file.is_file():
            values = json.loads(file.read_text(encoding="utf-8"))
            other = [name for name in measured_with if values["measured_with"].get(name) != measured_with[name]]
            if other:
                raise SystemExit(f"{file} was measured with another {', '.join(other)}; move it away to measure anew.")
            self._values = values

    @property
    def points(self) -> dict[str, dict[str, Any]]:
        """All that is known, in the order in which it was measured."""
        return dict(self._values["points"])

    def add(self, name: str, point: Mapping[str, Any]) -> None:
        """Keep a point."""
        self._values["points"][name] = dict(point)
        self._file.parent.mkdir(parents=True, exist_ok=True)
        partial = self._file.with_suffix(".partial")
        partial.write_text(json.dumps(self._values, indent=1) + "\n", encoding="utf-8")
        partial.replace(self._file)
