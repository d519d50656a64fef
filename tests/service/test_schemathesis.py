"""Requests made from the OpenAPI of the service, right and wrong ones, and what it says held against what it does.

API_CASES is how many each door gets in the fuzzing phase, on top of those that cover its schema; see CONTRIBUTING.md.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from procqa.engine import Engine
from procqa.service.app import create_app
from procqa.settings import Settings

CONFIG = Path(__file__).with_name("schemathesis.toml")
CASES = int(os.environ.get("API_CASES", "3"))
LONGEST_LINE = 2000


@pytest.fixture
def unlimited(settings: Settings, engine: Engine, listen_to: Any) -> Iterator[str]:
    """The service without limits of rates, which are tested elsewhere."""
    with listen_to(create_app(lambda: engine, settings.with_values(rate_address="", rate_key=""))) as url:
        yield url


def test_the_service_is_as_its_openapi_says(unlimited: str, tmp_path: Path) -> None:
    command = [
        sys.executable, "-m", "schemathesis.cli", "--config-file", str(CONFIG), "run", f"{unlimited}/openapi.json",
        "--phases", "examples,coverage,fuzzing", "--max-examples", str(CASES), "--seed", "1",
        "--continue-on-failure", "--warnings", "off",
    ]  # fmt: skip
    timeout = 120 + 10 * CASES
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=timeout, env=_environment())
    whole = tmp_path / "schemathesis.txt"
    whole.write_text(done.stdout + done.stderr, encoding="utf-8")
    assert done.returncode == 0, f"{_findings(done.stdout)}\n{done.stderr}\nThe whole output is in {whole}."
    generated = re.search(r"([\d,]+) generated", done.stdout)
    assert generated is not None
    # A schema that nothing was made from would pass too.
    assert int(generated[1].replace(",", "")) > 300
    sys.stdout.write(done.stdout)


def _findings(output: str) -> str:
    """Each door with what was found there, and the request that shows it; a long body is cut."""
    found = output[max(0, output.find("= FAILURES =")) :]
    lines = (line if len(line) <= LONGEST_LINE else f"{line[:LONGEST_LINE]}..." for line in found.splitlines())
    return "\n".join(lines)


def _environment() -> dict[str, str]:
    # It reaches this machine alone; a proxy of the environment is none of its business.
    return {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
