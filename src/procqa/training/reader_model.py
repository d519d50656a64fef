"""The reader as it is trained: question and passage in one transformer, which marks lines and judges the pair.

Three heads on the first token say whether the passage is on the page that was asked about, in the section that
answers, and holds the answer; each token's mark, averaged over a line, says whether the line answers. Only the lower
layers of the encoder are kept, and its word embeddings stay as they are, so that both models share one table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from procqa.embedding.pairs import Pair
from procqa.training.late_model import NEVER, load_transformer
from procqa.training.reader_examples import Reading, ReadQuestion

# Of the losses: same page, right section, answered; lines; the answering passages among those of the question.
HEAD_WEIGHTS, LINE_WEIGHT, CHOICE_WEIGHT = (0.5, 0.5, 1.0), 2.0, 0.5


@dataclass(frozen=True, slots=True)
class Judged:
    """Logits of b pairs: `heads` (b, 3) same page, right section, answered; `lines` (b, m), NEVER where no line is."""

    heads: Tensor
    lines: Tensor


class ReaderModel(nn.Module):
    """The first layers of an encoder with three heads and a line mark."""

    def __init__(self, folder: Path, layers: int) -> None:
        """Load the first `layers` layers of a sentence-transformers folder, or all where it has fewer."""
        super().__init__()
        self.transformer = load_transformer(folder)
        self.transformer.encoder.layer = self.transformer.encoder.layer[:layers]
        self.transformer.config.num_hidden_layers = len(self.transformer.encoder.layer)
        self.transformer.embeddings.word_embeddings.requires_grad_(False)
        d = self.transformer.config.hidden_size
        self.heads, self.mark = nn.Linear(d, 3), nn.Linear(d, 1)
        self._half = torch.ops.mkldnn._is_mkldnn_bf16_supported()

    def judge(self, pairs: Sequence[Pair]) -> Judged:
        """Read some pairs of about equal length."""
        length = max(len(pair.ids) for pair in pairs)

        def padded(rows: Sequence[Sequence[int]], filler: int) -> Tensor:
            return torch.tensor([[*row, *[filler] * (length - len(row))] for row in rows])

        ids, types = padded([pair.ids for pair in pairs], 0), padded([pair.types for pair in pairs], 0)
        mask = padded([[1] * len(pair.ids) for pair in pairs], 0)
        owners = padded([pair.owners for pair in pairs], -1)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=self._half):
            hidden = self.transformer(input_ids=ids, attention_mask=mask, token_type_ids=types).last_hidden_state
        hidden = hidden.float()
        lines = functional.one_hot(owners.clamp(min=0), int(owners.max().clamp(min=0)) + 1) * (owners >= 0)[..., None]
        tokens = lines.sum(1)
        marks = torch.einsum("bt,btm->bm", self.mark(hidden)[..., 0], lines.float()) / tokens.clamp(min=1)
        return Judged(self.heads(hidden[:, 0]), marks.masked_fill(tokens == 0, NEVER))

    def forward(self, questions: Sequence[ReadQuestion]) -> dict[str, Tensor]:
        """The loss of one step."""
        readings = [reading for question in questions for reading in question.readings]
        judged = self.judge([reading.pair for reading in readings])
        answered = torch.tensor([reading.answered for reading in readings])
        loss = LINE_WEIGHT * _line_loss(judged.lines, readings)
        for column, weight in enumerate(HEAD_WEIGHTS):
            known = [
                (row, truth) for row, reading in enumerate(readings) if (truth := _truths(reading)[column]) is not None
            ]
            if known:
                rows, truths = zip(*known, strict=True)
                loss = loss + weight * functional.binary_cross_entropy_with_logits(
                    judged.heads[list(rows), column], torch.tensor(truths, dtype=torch.float)
                )
        first, choices = 0, []
        for question in questions:
            logits = judged.heads[first : first + len(question.readings), 2]
            right = answered[first : first + len(question.readings)]
            first += len(question.readings)
            if right.any() and not right.all():
                choices.append(torch.logsumexp(logits, 0) - torch.logsumexp(logits[right], 0))
        if choices:
            loss = loss + CHOICE_WEIGHT * torch.stack(choices).mean()
        return {"loss": loss}


def _truths(reading: Reading) -> tuple[bool | None, bool | None, bool]:
    return reading.same_page, reading.right_section, reading.answered


def _line_loss(lines: Tensor, readings: Sequence[Reading]) -> Tensor:
    """Binary cross entropy of the marks, the mean over the lines of a passage and then over the passages."""
    right = torch.zeros_like(lines)
    for row, reading in enumerate(readings):
        right[row, list(reading.lines)] = 1.0
    there = lines > NEVER
    each = functional.binary_cross_entropy_with_logits(lines, right, reduction="none") * there
    return (each.sum(1) / there.sum(1).clamp(min=1)).mean()
