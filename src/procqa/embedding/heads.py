"""What a question's wording alone tells, whatever the pages say: linear heads on the encoder's vectors.

They are fitted once for a model on the labelled questions of questions.jsonl, which were written for training and ask
of other pages than any that are evaluated. Where the words stand on a page has the last say.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from procqa.embedding.encoder import Encoder, FloatArray

HEADS_FILE = "heads.npz"
# Inverse strength of the ridge, from dev questions; a third and three times as much give the same within a point.
_C = 1.0
_LOGISTICS = ("told", "named", "whole")


@dataclass(frozen=True, slots=True)
class Wording:
    """What a question's wording tells.

    `sections` has the natural logarithm of the probability that a canonical section is asked for. `told` is the log
    odds that pages about procedures tell such things: all tell of "what are the risks?", some of "may I fly after it?",
    none of "where do I park?". `named` is the log odds that a procedure is called by its name ("after a vasectomy")
    and not described ("when they have snipped the tubes"), whether or not there is a page about it. `whole` is the log
    odds that all that a section lists is asked for ("who will be there?"), and not one fact of it.
    """

    sections: dict[str, float]
    told: float
    named: float
    whole: float


@dataclass(frozen=True, slots=True)
class QuestionHeads:
    """A softmax over the s `sections`, then logistics for `told`, `named` and `whole`.

    `weights` are (s + 3, d), `bias` (s + 3,).
    """

    sections: tuple[str, ...]
    weights: FloatArray
    bias: FloatArray

    def read(self, vector: FloatArray) -> Wording:
        """What the wording tells of a question with this vector (d,)."""
        scores = self.weights @ vector + self.bias
        *_, told, named, whole = scores.tolist()
        of_sections = scores[: len(self.sections)]
        of_sections = of_sections - of_sections.max()
        of_sections -= np.log(np.exp(of_sections).sum())
        return Wording(dict(zip(self.sections, of_sections.tolist(), strict=True)), told, named, whole)

    def save(self, folder: Path) -> None:
        """Write heads.npz into the folder of an encoder."""
        np.savez(folder / HEADS_FILE, sections=np.array(self.sections), weights=self.weights, bias=self.bias)

    @classmethod
    def load(cls, folder: Path) -> QuestionHeads | None:
        """Read heads.npz, or None where the encoder has none."""
        path = folder / HEADS_FILE
        if not path.exists():
            return None
        with np.load(path) as stored:
            sections, weights, bias = tuple(stored["sections"].tolist()), stored["weights"], stored["bias"]
        # Those of an index that was built when procqa did not ask one of these say nothing of it.
        missing = len(sections) + len(_LOGISTICS) - len(bias)
        return cls(sections, np.pad(weights, ((0, missing), (0, 0))), np.pad(bias, (0, missing)))


def written_questions() -> list[dict[str, Any]]:
    """The questions that heads are fitted on, each {"question", "sections", "told"}, and where known, "named", "whole".

    A question that stands in a conversation has all that was said as "said".
    """
    source = resources.files("procqa.embedding").joinpath("questions.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in source.splitlines()]


def fit_heads(encoder: Encoder) -> QuestionHeads:
    """Fit the heads for an encoder. Deterministic."""
    from sklearn.linear_model import LogisticRegression  # comes with sentence-transformers; never used in serving

    items = written_questions()
    vectors = np.stack([encoder.encode_question(item["question"]).vector for item in items])
    # A question that two sections answer teaches half of each.
    pairs = [(row, name) for row, item in enumerate(items) for name in item["sections"]]
    sections = LogisticRegression(C=_C, max_iter=3000).fit(
        vectors[[row for row, _ in pairs]],
        [name for _, name in pairs],
        sample_weight=[1 / len(items[row]["sections"]) for row, _ in pairs],
    )
    # Balanced, since how often people ask what no page tells is for the calibration to say.
    told = LogisticRegression(C=_C, max_iter=3000, class_weight="balanced")
    told.fit(vectors, [item["told"] for item in items])
    naming = [(row, item) for row, item in enumerate(items) if "named" in item]
    said = [encoder.encode_question(item["said"]).vector if "said" in item else vectors[row] for row, item in naming]
    named = LogisticRegression(C=_C, max_iter=3000, class_weight="balanced")
    named.fit(np.stack(said), [item["named"] for _, item in naming])
    # As often as people ask so: nothing weighs it later.
    listed = [row for row, item in enumerate(items) if "whole" in item]
    whole = LogisticRegression(C=_C, max_iter=3000).fit(vectors[listed], [items[row]["whole"] for row in listed])
    fitted = [sections, told, named, whole]
    return QuestionHeads(
        tuple(str(name) for name in sections.classes_),
        np.concatenate([head.coef_ for head in fitted]).astype(np.float32),
        np.concatenate([head.intercept_ for head in fitted]).astype(np.float32),
    )
