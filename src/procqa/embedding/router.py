"""The section router: which canonical section a question asks for, by its wording alone.

A linear head on the encoder's vectors, fitted once for a model on the labelled questions of section_questions.jsonl,
which were written for training and ask of other pages than any that are evaluated. It says how likely each section
is; where the words stand on a page has the last say.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from procqa.embedding.encoder import Encoder, FloatArray

ROUTER_FILE = "router.npz"
# Inverse strength of the ridge, from dev questions; 1 to 20 give the same within a point.
_C = 5.0


@dataclass(frozen=True, slots=True)
class SectionRouter:
    """`weights` (s, d) and `bias` (s,) of a softmax over the `sections`."""

    sections: tuple[str, ...]
    weights: FloatArray
    bias: FloatArray

    def log_probabilities(self, vector: FloatArray) -> dict[str, float]:
        """Natural logarithm of the probability of each section, for a question's vector."""
        scores = self.weights @ vector + self.bias
        scores -= scores.max()
        scores -= np.log(np.exp(scores).sum())
        return dict(zip(self.sections, scores.tolist(), strict=True))

    def save(self, folder: Path) -> None:
        """Write router.npz into the folder of an encoder."""
        np.savez(folder / ROUTER_FILE, sections=np.array(self.sections), weights=self.weights, bias=self.bias)

    @classmethod
    def load(cls, folder: Path) -> SectionRouter | None:
        """Read router.npz, or None where the encoder has none."""
        path = folder / ROUTER_FILE
        if not path.exists():
            return None
        with np.load(path) as stored:
            return cls(tuple(stored["sections"].tolist()), stored["weights"], stored["bias"])


def written_questions() -> list[dict[str, Any]]:
    """The questions that heads are fitted on, each {"question", "sections"}."""
    source = resources.files("procqa.embedding").joinpath("section_questions.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in source.splitlines()]


def fit_router(encoder: Encoder) -> SectionRouter:
    """Fit the head for an encoder. Deterministic."""
    from sklearn.linear_model import LogisticRegression  # comes with sentence-transformers; never used in serving

    items = written_questions()
    vectors = [encoder.encode_question(item["question"]).vector for item in items]
    # A question that two sections answer teaches half of each.
    pairs = [(place, name, 1 / len(item["sections"])) for place, item in enumerate(items) for name in item["sections"]]
    head = LogisticRegression(C=_C, max_iter=2000)
    head.fit(
        np.stack([vectors[place] for place, _, _ in pairs]),
        [name for _, name, _ in pairs],
        sample_weight=[weight for _, _, weight in pairs],
    )
    return SectionRouter(
        tuple(str(name) for name in head.classes_), head.coef_.astype(np.float32), head.intercept_.astype(np.float32)
    )
