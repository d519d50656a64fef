"""What both curves teach encoders from, and how."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

from benchmarks.load.process import ROOT
from procqa.embedding.export import MAX_TOKENS
from procqa.embedding.onnx import TOKENIZER_FILE
from procqa.embedding.pieces import WordPieces
from procqa.embedding.sources import PLAIN_NAME
from procqa.training.base import trainable_folder
from procqa.training.examples import TrainingSet, load_training_set
from procqa.training.sittings import digest


@dataclass(frozen=True, slots=True)
class Teaching:
    """A base model (its name, and its folder with float weights), what it is taught and judged by, and for how long."""

    name: str
    base: Path
    training: TrainingSet
    dev: TrainingSet
    epochs: int
    seed: int

    def told(self) -> dict[str, str | int]:
        """What figures depend on."""
        return {
            "base": self.name or "what ships",
            "set of questions": digest(self.training),
            "set of dev questions": digest(self.dev),
            "number of epochs": self.epochs,
            "seed": self.seed,
        }


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options that say what is taught; by default what the shipped model was."""
    train, dev = ROOT / "eval" / "train", ROOT / "eval" / "gold-dev.jsonl"
    parser.add_argument("--base", default=PLAIN_NAME, help="as for `procqa train`")
    parser.add_argument("--train-corpus", type=Path, default=train / "corpus")
    parser.add_argument("--train-gold", type=Path, nargs="+", default=sorted(train.glob("gold-*.jsonl")))
    parser.add_argument("--dev-corpus", type=Path, default=ROOT / "corpus")
    parser.add_argument("--dev-gold", type=Path, default=dev)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--work", type=Path, required=True, help="a folder for what is unfinished")
    parser.add_argument("--out", type=Path, default=ROOT / "eval" / "curves", help="a folder for figures and plot")


def load(given: argparse.Namespace) -> Teaching:
    """Read what the options name."""
    base = trainable_folder(given.base, given.work / "base")
    pieces = WordPieces(base / TOKENIZER_FILE, MAX_TOKENS)
    training = load_training_set(given.train_corpus, given.train_gold, pieces)
    dev = load_training_set(given.dev_corpus, [given.dev_gold], pieces)
    return Teaching(given.base, base, training, dev, given.epochs, given.seed)
