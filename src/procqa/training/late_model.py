"""The late-interaction encoder as it is trained: the same sums as `retrieval`, in torch, and the losses on them.

Four things are taught at once, each as a softmax over what else was encoded in the step, right answers summed
(InfoNCE, van den Oord et al. 2018, with several positives): the line that answers among all lines, by late
interaction; the page among the pages, by its best tokens; the passage among the passages, by its one vector; and the
section among the canonical ones, by a linear head on the question's vector. Word embeddings stay as they are, so that
words which no training page has keep their meaning.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sentence_transformers import SentenceTransformer
from torch import Tensor, nn
from torch.nn import functional
from transformers import AutoModel
from transformers.utils import logging as transformers_logging

from procqa.embedding.encoder import FloatArray
from procqa.embedding.onnx import PROJECTION_FILE
from procqa.embedding.projection import fit_projection, sample_sentences
from procqa.index.tokens import CONTEXT
from procqa.readers.vocabulary import CANONICAL_SECTIONS as CANONICAL
from procqa.training.examples import TrainingPassage, TrainingSet, Words
from procqa.training.groups import Step
from procqa.training.rivals import Rivals

# Of the losses: line, page, passage, section.
LOSS_WEIGHTS = (1.0, 0.5, 0.5, 0.3)
# Cosines are multiplied by this before a softmax; those of lines and pages are learned from here.
PASSAGE_SCALE, SECTION_SCALE, FIRST_SCALE = 20.0, 5.0, 30.0
# Texts encoded at once: more only pads more.
CHUNK = 64
NEVER = -1e4


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of a step's passages as columns: the page, passage and line of each."""

    places: tuple[tuple[int, int, int], ...]
    pages: tuple[int, ...]  # in the order of their columns


@dataclass(frozen=True, slots=True, eq=False)
class Encoded:
    """Of some texts the token vectors (n_i, t), special tokens among them, and the text vectors (texts, d)."""

    tokens: list[Tensor]
    vectors: Tensor


class LateModel(nn.Module):
    """A transformer, a projection of its tokens, and a section head."""

    def __init__(self, folder: Path, projection: FloatArray) -> None:
        """Load a sentence-transformers folder; `projection` is (d, t), as `fit_projection` gives it."""
        super().__init__()
        self.transformer = load_transformer(folder)
        self.transformer.embeddings.requires_grad_(False)
        d, t = projection.shape
        self.projection = nn.Linear(d, t, bias=False)
        self.projection.weight.data = torch.tensor(np.ascontiguousarray(projection.T))
        self.section = nn.Linear(d, len(CANONICAL))
        self.line_scale = nn.Parameter(torch.tensor(FIRST_SCALE).log())
        self.page_scale = nn.Parameter(torch.tensor(FIRST_SCALE).log())
        self.rivals = Rivals()
        self._half = torch.ops.mkldnn._is_mkldnn_bf16_supported()

    def encode(self, texts: Sequence[Sequence[int]]) -> Encoded:
        """All vectors have unit length."""
        hidden = self.hidden(texts)
        tokens = [functional.normalize(self.projection(item), dim=-1) for item in hidden]
        return Encoded(tokens, torch.stack([functional.normalize(item.mean(0), dim=-1) for item in hidden]))

    def hidden(self, texts: Sequence[Sequence[int]]) -> list[Tensor]:
        """What the transformer makes of each token of each text, (n_i, d)."""
        order = sorted(range(len(texts)), key=lambda place: len(texts[place]))
        made: list[Tensor] = [torch.empty(0)] * len(texts)
        for first in range(0, len(order), CHUNK):
            chunk = order[first : first + CHUNK]
            ids, mask = _padded([texts[place] for place in chunk])
            with torch.autocast("cpu", dtype=torch.bfloat16, enabled=self._half):
                hidden = self.transformer(input_ids=ids, attention_mask=mask).last_hidden_state
            for row, place in enumerate(chunk):
                made[place] = hidden[row, : len(texts[place])].float()
        return made

    def forward(self, training: TrainingSet, step: Step) -> dict[str, Tensor]:
        """The loss of one step."""
        places = [(page, n) for page in step.pages for n in range(len(training.pages[page].passages))]
        passages = [training.pages[page].passages[n] for page, n in places]
        encoded = self.encode([passage.ids for passage in passages])
        focused = [n for n, question in enumerate(step.questions) if question.focus is not None]
        words = [question.context for question in step.questions]
        words += [question.focus for question in step.questions if question.focus is not None]
        asked = self.encode([item.ids for item in words])
        line, page, lines = compare(places, passages, encoded.tokens, words, asked.tokens)
        # A question whose focus is not all that was said finds its page by all, and its line by the focus.
        asking = list(range(len(step.questions)))
        for row, n in enumerate(focused, len(step.questions)):
            asking[n] = row
        line, vector = line[asking], asked.vectors[asking]
        page = page[: len(step.questions)]
        rivals = self.rivals.scores(words[: len(step.questions)], asked.tokens[: len(step.questions)], {*step.pages})
        for number in step.pages:
            self.rivals.keep(number, _page_tokens(number, places, passages, encoded.tokens))
        apart = torch.tensor([row >= len(step.questions) for row in asking])[:, None]
        right_page = _mask([[p in q.pages for p, _, _ in lines.places] for q in step.questions])
        right_passages = _mask([[p in q.pages for p, _ in places] for q in step.questions])
        losses = (
            _info_nce(
                (line * self.line_scale.exp()).masked_fill(apart & ~right_page, NEVER),
                _mask([[place in q.lines for place in lines.places] for q in step.questions]),
            ),
            _info_nce(
                torch.cat([page, rivals], 1) * self.page_scale.exp(),
                _mask([[*(p in q.pages for p in lines.pages), *[False] * rivals.shape[1]] for q in step.questions]),
            ),
            _info_nce(
                (vector @ encoded.vectors.T * PASSAGE_SCALE).masked_fill(apart & ~right_passages, NEVER),
                _mask([[place in q.passages for place in places] for q in step.questions]),
            ),
            _info_nce(
                self.section(vector) * SECTION_SCALE,
                _mask([[name in q.sections for name in CANONICAL] for q in step.questions]),
            ),
        )
        return {"loss": torch.stack([w * loss for w, loss in zip(LOSS_WEIGHTS, losses, strict=True)]).sum()}


def is_fresh(name: str) -> bool:
    """Whether a parameter of that name begins from nothing."""
    return not name.startswith(("transformer.", "projection."))


@torch.no_grad()
def first_projection(base: Path) -> FloatArray:
    """The projection that a sentence-transformers folder has, or the one that an untrained model gets, (d, t)."""
    kept = base / PROJECTION_FILE
    if kept.exists():
        return np.asarray(np.load(kept), dtype=np.float32)
    model = SentenceTransformer(str(base), device="cpu")
    tokens = model.encode(
        sample_sentences(), output_value="token_embeddings", convert_to_numpy=False, show_progress_bar=False
    )
    # Without the special tokens at both ends, as the index keeps none.
    unit = torch.cat([functional.normalize(item[1:-1].float(), dim=-1) for item in tokens])
    return fit_projection(unit.numpy())


def load_transformer(folder: Path) -> Any:
    """The transformer of a sentence-transformers folder, without dropout, as it is quick to train on a CPU."""
    transformers_logging.set_verbosity_error()  # it would warn of the pooler, which nothing uses
    return AutoModel.from_pretrained(
        str(folder),
        add_pooling_layer=False,
        attn_implementation="eager",  # on a CPU in bfloat16 several times as fast as the fused kernel
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )


def compare(
    places: Sequence[tuple[int, int]],
    passages: Sequence[TrainingPassage],
    tokens: Sequence[Tensor],
    words: Sequence[Words],
    question_tokens: Sequence[Tensor],
) -> tuple[Tensor, Tensor, Lines]:
    """Late interaction of q questions with all lines (q, lines) and pages (q, pages), as `retrieval` computes it."""
    held, lengths, owners, of = [], [], [], []
    for n, passage in enumerate(passages):
        owner = np.asarray(passage.owners)
        order = np.argsort(owner, kind="stable")
        order = order[owner[order] >= CONTEXT]
        held.append(tokens[n][torch.from_numpy(order)])
        names, counts = np.unique(owner[order], return_counts=True)
        lengths += counts.tolist()
        owners += names.tolist()
        of += [n] * len(names)
    best = torch.segment_reduce(
        torch.cat(held) @ torch.cat(list(question_tokens)).T, "max", lengths=torch.tensor(lengths), unsafe=True
    )
    segment, owner = np.asarray(of), np.asarray(owners)
    own = np.flatnonzero(owner != CONTEXT)
    context = {int(segment[row]): int(row) for row in np.flatnonzero(owner == CONTEXT)}
    best = torch.maximum(best[own], best[[context[int(n)] for n in segment[own]]])
    weights = torch.zeros(best.shape[1], len(words))
    question_of = np.repeat(np.arange(len(words)), [len(item.ids) for item in words])
    weights[np.arange(len(question_of)), question_of] = torch.from_numpy(np.concatenate([w.weights for w in words]))
    found = tuple((*places[n], int(line)) for n, line in zip(segment[own], owner[own], strict=True))
    page_of = np.array([page for page, _, _ in found])
    first = np.flatnonzero(np.diff(page_of, prepend=-1))
    sizes = torch.tensor(np.diff(np.append(first, len(page_of))))
    by_page = torch.segment_reduce(best, "max", lengths=sizes, unsafe=True)
    return (best @ weights).T, (by_page @ weights).T, Lines(found, tuple(page_of[first].tolist()))


def _page_tokens(
    page: int, places: Sequence[tuple[int, int]], passages: Sequence[TrainingPassage], tokens: Sequence[Tensor]
) -> Tensor:
    """The tokens of a page's titles, headings and lines, (n, t)."""
    own = [n for n, (of, _) in enumerate(places) if of == page]
    return torch.cat([tokens[n][torch.from_numpy(np.asarray(passages[n].owners) >= CONTEXT)] for n in own])


def _info_nce(logits: Tensor, right: Tensor) -> Tensor:
    """Mean over the rows that have any right column of -log(share of the softmax that is right)."""
    known = right.any(1)
    if not known.any():
        return logits.sum() * 0.0
    logits, right = logits[known], right[known]
    return (torch.logsumexp(logits, 1) - torch.logsumexp(logits.masked_fill(~right, NEVER), 1)).mean()


def _mask(rows: Sequence[Sequence[bool]]) -> Tensor:
    return torch.tensor(rows, dtype=torch.bool)


def _padded(texts: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
    length = max(map(len, texts))
    ids = torch.zeros(len(texts), length, dtype=torch.long)
    mask = torch.zeros(len(texts), length, dtype=torch.long)
    for row, text in enumerate(texts):
        ids[row, : len(text)] = torch.tensor(text)
        mask[row, : len(text)] = 1
    return ids, mask
