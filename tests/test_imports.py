"""Imports run one way, heavy libraries stay behind one package each, and importing does nothing."""

from __future__ import annotations

import ast
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "procqa"
# Each layer may import the ones before it, and its own as long as no two packages import each other.
LAYERS = (
    {"types", "errors"},
    {"settings", "progress", "threads", "asked"},
    {"readers", "passages", "embedding"},
    {"index"},
    {"retrieval", "answering"},
    {"engine"},
    {"live"},
    {"evaluation", "service", "widget", "training", "doctor"},
    {"cli"},
)
RANK = {name: rank for rank, layer in enumerate(LAYERS) for name in layer}
OWNERS = {
    "sentence_transformers": {"embedding", "training"},
    "torch": {"embedding", "training"},
    "transformers": {"embedding", "training"},
    "onnxruntime": {"embedding"},
    "tokenizers": {"embedding"},
    "faiss": {"index"},
    "tantivy": {"index"},
    "sqlite3": {"index", "service"},
    "fastapi": {"service"},
    "starlette": {"service"},
    "uvicorn": {"service"},
    "mcp": {"service"},
    "mcp_types": {"service"},
    "click": {"cli"},
}
MODULES = sorted(SOURCE.rglob("*.py"))
LONGEST_MODULE = 300

Import = tuple[str, int]  # dotted name, line


def part(path: Path) -> str:
    """The layer's name for a module: its package or module directly below procqa."""
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def imports(path: Path) -> list[Import]:
    """Every import of a module, also those inside functions."""
    found: list[Import] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [(name.name, node.lineno) for name in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno} imports relatively"
            found.append((node.module or "", node.lineno))
            # `from procqa import engine` imports a module too.
            found += [(f"procqa.{name.name}", node.lineno) for name in node.names if node.module == "procqa"]
    return found


def own_parts(path: Path) -> list[Import]:
    """The other parts of procqa that a module imports."""
    named = [(name.split(".")[1], line) for name, line in imports(path) if name.startswith("procqa.")]
    return [(name, line) for name, line in named if name in RANK and name != part(path)]


def test_every_part_has_a_layer() -> None:
    parts = {part(path) for path in MODULES} - {"__init__", "__main__"}
    assert parts <= set(RANK)
    assert len(MODULES) > 20


def test_imports_run_one_way() -> None:
    wrong = [
        f"{path.relative_to(SOURCE)}:{line} {part(path)} imports {name}"
        for path in MODULES
        for name, line in own_parts(path)
        if RANK[name] > RANK.get(part(path), -1)
    ]
    assert wrong == []


def test_no_two_parts_import_each_other() -> None:
    graph: dict[str, set[str]] = {}
    for path in MODULES:
        graph.setdefault(part(path), set()).update(name for name, _ in own_parts(path))
    TopologicalSorter(graph).prepare()  # raises CycleError, which names the cycle


@pytest.mark.parametrize("library", OWNERS)
def test_a_heavy_library_stays_behind_its_package(library: str) -> None:
    wrong = [
        f"{path.relative_to(SOURCE)}:{line} imports {name}"
        for path in MODULES
        for name, line in imports(path)
        if name.split(".")[0] == library and part(path) not in OWNERS[library]
    ]
    assert wrong == []


def test_no_module_is_long() -> None:
    lengths = {str(path.relative_to(SOURCE)): len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES}
    assert {name: length for name, length in lengths.items() if length > LONGEST_MODULE} == {}


def run_python(code: str) -> str:
    """What a fresh interpreter prints; its warnings are errors."""
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    ("module", "unwanted"),
    [
        ("procqa.engine", "torch transformers sentence_transformers optimum fastapi pydantic uvicorn click"),
        ("procqa.cli", "torch transformers sentence_transformers optimum fastapi pydantic uvicorn"),
        ("procqa.service.app", "torch transformers sentence_transformers optimum mcp mcp_types"),
        ("procqa.types", "numpy"),
    ],
)
def test_importing_loads_no_more_than_it_needs(module: str, unwanted: str) -> None:
    # FAISS is wrapped by SWIG, whose types lack __module__ on newer Pythons: that warning is not ours.
    code = f"import sys, warnings; warnings.simplefilter('ignore'); import {module}; print(*sys.modules)"
    loaded = {name.split(".")[0] for name in run_python(code).split()}
    assert loaded & set(unwanted.split()) == set()


def test_nothing_happens_at_import() -> None:
    names = [
        "procqa." + ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__")
        for path in MODULES
        if path.name != "__main__.py" and path != SOURCE / "__init__.py" and part(path) != "training"
    ]
    code = f"""
import importlib, logging, os, sys, threading, warnings
warnings.simplefilter("ignore")
sys.argv = ["x", "--no-such-option"]
os.environ["PROCQA_PASSAGE_TOKENS"] = "not a number"
before = threading.active_count()
for name in {names!r}:
    importlib.import_module(name)
own = [n for n in logging.root.manager.loggerDict if n.startswith("procqa") and logging.getLogger(n).handlers]
print(len(logging.root.handlers), own, threading.active_count() - before,
      [n for n in ("torch", "sentence_transformers") if n in sys.modules])
"""
    assert run_python(code).strip() == "0 [] 0 []"
