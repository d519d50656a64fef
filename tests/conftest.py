"""A fake encoder that can be checked by eye, and a tiny real index for the tests of every door."""

from __future__ import annotations

import re
import shutil
import sys
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import hypothesis
import numpy as np
import pytest

from procqa.answering.confidence import SIGNALS, Logistic
from procqa.cli import main
from procqa.embedding import Encoded, OnnxEncoder
from procqa.engine import Engine
from procqa.index.build import build_index
from procqa.index.snapshot import ENCODER
from procqa.index.versions import current_folder
from procqa.settings import Settings
from tests.judging import alike

# What a loaded machine takes long for is not wrong.
hypothesis.settings.register_profile("patient", deadline=None)
hypothesis.settings.load_profile("patient")
SHARED = Path(__file__).parents[2] / "shared"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--rounds", type=int, help="how often the tests of faults and swaps try their luck (few)")


class WordEncoder:
    """One dimension a word (by hash): the cosine of two texts tells how many words they share."""

    name = "words"
    dimensions = 256
    token_dimensions = 256
    max_tokens = 64

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(self._words(text)) for text in texts]

    def encode_documents(self, texts: Sequence[str]) -> list[Encoded]:
        encoded = [self.encode_question(text) for text in texts]
        for text, item in zip(texts, encoded, strict=True):
            if len(item.tokens) > self.max_tokens:
                raise ValueError(f"too long: {text[:60]!r}")
        return encoded

    def encode_question(self, text: str) -> Encoded:
        words = self._words(text)
        tokens = np.zeros((len(words), self.dimensions), dtype=np.float32)
        for row, word in enumerate(words):
            tokens[row, zlib.crc32(word.group().lower().encode()) % self.dimensions] = 1.0
        total = tokens.sum(axis=0)
        offsets = np.array([word.span() for word in words], dtype=np.int32).reshape(-1, 2)
        return Encoded((total / max(np.linalg.norm(total), 1e-9)).astype(np.float32), tokens, offsets)

    @staticmethod
    def _words(text: str) -> list[re.Match[str]]:
        return list(re.finditer(r"\w+", text))


# The packaged calibration knows the cosines of another encoder. Here an answer is right when its page holds the words.
NO_WEIGHTS = dict.fromkeys(SIGNALS, 0.0)
CALIBRATION = alike(
    WordEncoder.name,
    Logistic({**NO_WEIGHTS, "explained": 8.0, "line": 4.0}, bias=-6.0),
    Logistic(NO_WEIGHTS, bias=4.0),
    threshold=0.5,
)

PAGES = {
    "heart/aortic.txt": """Aortic valve repair

Name of the Procedure:

Aortic valve repair

Summary

A surgeon mends the aortic valve through a cut in the chest.

Duration

The operation takes 3 to 4 hours.

Risks and Complications

  • Bleeding from the wound
  • Infection of the chest wound
  • Irregular heartbeat

Recovery

You stay in hospital for 7 days. Driving is allowed after 6 weeks.
""",
    "heart/mitral.txt": """Mitral valve repair
Name of the Procedure:
Mitral valve repair
Summary
A surgeon mends the mitral valve with a keyhole camera.
Duration
The operation takes about 2 hours.
Risks and Complications
- Bruising at the groin
- Stroke
Recovery
You stay in hospital for 3 days. It’s safe to shower on day 2 😀.
""",
    "knee.md": """---
title: Knee arthroscopy
aliases: [keyhole knee surgery]
---
# Knee arthroscopy

## Personnel

An orthopaedic surgeon and a nurse are present.

## Recovery

Walk with crutches for *two* days.
""",
}


@pytest.fixture(scope="session")
def encoder() -> WordEncoder:
    """It keeps nothing between calls, so that one serves all tests."""
    return WordEncoder()


def write_pages(folder: Path) -> Path:
    for name, text in PAGES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Three small pages, two of them twins."""
    return write_pages(tmp_path / "corpus")


@pytest.fixture
def settings(tmp_path: Path, corpus: Path) -> Settings:
    return Settings(corpus=corpus, index=tmp_path / "index", state=tmp_path / "state")


@pytest.fixture(scope="session")
def built_index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index of the three pages, built once; copied for each test that may change it."""
    folder = tmp_path_factory.mktemp("words")
    build_index(Settings(corpus=write_pages(folder / "corpus"), index=folder / "index"), encoder=WordEncoder())
    CALIBRATION.save(folder / "index")
    return folder / "index"


@pytest.fixture
def index(built_index: Path, settings: Settings) -> Path:
    """The test's own index of the three pages, in the folder that its settings name."""
    return Path(shutil.copytree(built_index, settings.index))


@pytest.fixture
def engine(index: Path, encoder: WordEncoder) -> Iterator[Engine]:
    """A real engine over the three pages."""
    opened = Engine.open(index, encoder=encoder)
    yield opened
    opened.close()


@pytest.fixture
def exits(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Runs `main` as the program does, in this process: (exit code, standard output, standard error)."""

    def call(*arguments: str | Path) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["procqa", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return call


@pytest.fixture
def served(index: Path, encoder: WordEncoder, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An index of the three pages; commands that open it get the words encoder in place of a stored model."""
    monkeypatch.setattr("procqa.index.snapshot.OnnxEncoder", lambda folder, threads: encoder)
    return index


@pytest.fixture(scope="session")
def real_index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index of the three pages with the real encoder: exported once (about ten seconds) for all `model` tests."""
    folder = tmp_path_factory.mktemp("real")
    build_index(Settings(corpus=write_pages(folder / "corpus"), index=folder / "index"))
    return folder / "index"


@pytest.fixture(scope="session")
def real_encoder(real_index: Path) -> OnnxEncoder:
    """The packaged model as it is served."""
    folder = current_folder(real_index)
    assert folder is not None
    return OnnxEncoder(folder / ENCODER)
