"""What is under deploy/ fits the program: its settings, its metrics, its requirements."""

from __future__ import annotations

import json
import re
import runpy
import shlex
import shutil
import subprocess
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import yaml

from procqa.engine import Engine
from procqa.service.app import create_app
from procqa.service.kinds import KINDS
from procqa.settings import Settings
from tests.service.conftest import serving

DEPLOY = Path(__file__).parents[2] / "deploy"
SETTINGS = {f"PROCQA_{field.name.upper()}" for field in fields(Settings)}
FILES = [path for path in sorted(DEPLOY.rglob("*")) if path.is_file() and "__pycache__" not in path.parts]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_only_settings_that_there_are_are_set(path: Path) -> None:
    named = set(re.findall(r"PROCQA_[A-Z_]+", path.read_text(encoding="utf-8")))
    assert named <= SETTINGS


@pytest.fixture
def metrics(engine: Engine) -> set[str]:
    """The names of all series of a running service."""
    with serving(create_app(lambda: engine)) as client:
        client.wait_until_loaded()
        client.post("/v1/ask", json={"question": "??"})
        client.get("/nowhere")
        text = client.get("/metrics").text
    return set(re.findall(r"^(\w+)[ {]", text, re.MULTILINE))


def expressions() -> list[str]:
    """Every expression of the dashboard and of the alerts."""
    dashboard = json.loads((DEPLOY / "grafana" / "procqa.json").read_text(encoding="utf-8"))
    alerts = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yml").read_text(encoding="utf-8"))
    shown = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    return shown + [rule["expr"] for group in alerts["groups"] for rule in group["rules"]]


def test_dashboard_and_alerts_read_metrics_that_there_are(metrics: set[str]) -> None:
    read = {name for text in expressions() for name in re.findall(r"\b(?:procqa|process)_\w+", text)}
    assert len(read) > 10
    assert read <= metrics
    codes = {
        code for text in expressions() for found in re.findall(r'code=~?"([^"]+)"', text) for code in found.split("|")
    }
    assert codes <= set(KINDS)


def test_panels_have_their_own_places() -> None:
    panels = json.loads((DEPLOY / "grafana" / "procqa.json").read_text(encoding="utf-8"))["panels"]
    cells: list[tuple[int, int]] = []
    for place in (panel["gridPos"] for panel in panels):
        cells += [(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])]
        assert place["x"] + place["w"] <= 24
    assert len(cells) == len(set(cells))
    assert len({panel["id"] for panel in panels}) == len(panels)


def test_the_compose_file_locks_the_service_in() -> None:
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))["services"]
    for service in services.values():
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert (DEPLOY / service["build"]["context"] / service["build"]["dockerfile"]).is_file()
    assert "index:/index:ro" in services["serve"]["volumes"]
    assert all(port.startswith("127.0.0.1:") for port in services["serve"]["ports"])


def test_the_image_runs_commands_that_there_are_as_nobody(exits: Any) -> None:
    lines = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    stages = lines.split("\nFROM ")[1:]
    for stage in stages[1:]:
        assert re.search(r"^USER 10001$", stage, re.MULTILINE)
        command = json.loads(re.findall(r"^ENTRYPOINT (.+)$", stage, re.MULTILINE)[0])
        command += json.loads(re.findall(r"^CMD (.+)$", stage, re.MULTILINE)[0])
        assert exits(*command[1:], "--help")[0] == 0
    for copied in re.findall(r"^COPY (?!--from)(.+) \S+$", lines, re.MULTILINE):
        assert all((DEPLOY.parent / name).exists() for name in shlex.split(copied))


def test_what_serves_needs_nothing_that_trains() -> None:
    script = runpy.run_path(str(DEPLOY / "serving_requirements.py"))
    project = DEPLOY.parent / "pyproject.toml"
    names = {re.split(r"[^\w.-]", line)[0] for line in script["serving_requirements"](project, [])}
    assert {"onnxruntime", "faiss-cpu", "fastapi", "uvicorn"} <= names
    assert names & {"sentence-transformers", "scikit-learn", "torch"} == set()
    everything = project.read_text(encoding="utf-8")
    assert all(f'"{name}' in everything for name in script["BUILD_ONLY"])
    assert any("opentelemetry" in line for line in script["serving_requirements"](project, ["otel"]))


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool, of Debian's prometheus, is not installed")
def test_the_alerts_fire_when_they_should() -> None:
    done = subprocess.run(
        ["promtool", "test", "rules", "alerts_test.yml"], cwd=DEPLOY / "prometheus", capture_output=True, check=False
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_the_unit_is_locked_in(tmp_path: Path) -> None:
    unit = tmp_path / "procqa@8000.service"
    unit.write_text((DEPLOY / "procqa@.service").read_text(encoding="utf-8"), encoding="utf-8")
    verified = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False)
    told = [line for line in verified.stderr.splitlines() if unit.name in line and "is not executable" not in line]
    assert told == []
    command = ["systemd-analyze", "security", "--offline=yes", "--threshold=20", str(unit)]
    scored = subprocess.run(command, capture_output=True, text=True, check=False)
    assert scored.returncode == 0, scored.stdout


def test_the_readme_lists_every_setting_with_its_default() -> None:
    text = (DEPLOY.parent / "README.md").read_text(encoding="utf-8")
    table = {}
    for line in text.splitlines():
        names = re.findall(r"`(PROCQA_[A-Z_]+)`", line.split("|")[1]) if line.startswith("| `PROCQA_") else []
        if names:
            values = [value.strip() for value in line.split("|")[2].split(",")]
            table |= dict(zip(names, values if len(values) == len(names) else values * len(names), strict=True))
    told = {field.name: table.get(f"PROCQA_{field.name.upper()}") for field in fields(Settings)}
    general = {"corpus", "index", "model", "passage_tokens", "threads", "host", "port"}
    assert {name for name, value in told.items() if value is None} <= general
    for name, value in told.items():
        if value is not None:
            default = getattr(Settings(), name)
            assert Settings.from_environment({f"PROCQA_{name.upper()}": value}) == Settings(), (name, value, default)
