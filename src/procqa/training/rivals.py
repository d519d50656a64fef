"""Pages of earlier steps as rivals of the pages of a step, which has room for few of them.

The near twins beside which a page is taught teach it to differ from these; that it differs from hundreds of other
pages, too, takes hundreds of rivals. So what a page was when it was last encoded is kept (Xiong et al. 2020, "ANCE",
and He et al. 2020, "MoCo", keep such vectors; here they are a page's tokens), and each question is put beside those
that come nearest to it.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Sequence
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from procqa.training.examples import Words

# Rivals of each question, pages among which they are looked for in a step, and tokens that are compared at once.
NEAREST, LOOKED_AT, AT_ONCE = 8, 150, 20_000
_LOOKED = "looked"


class Rivals:
    """The tokens of every page as it was last encoded, without gradients."""

    def __init__(self) -> None:
        self._tokens: dict[int, Tensor] = {}
        self._looked = 0

    def keep(self, page: int, tokens: Tensor) -> None:
        """Remember a page's token vectors (n, t)."""
        self._tokens[page] = tokens.detach().to(torch.bfloat16)

    def save(self, file: Path) -> None:
        """Write all that is kept, for a run that may be stopped to go on with."""
        save_file(
            {_LOOKED: torch.tensor(self._looked), **{str(n): held for n, held in self._tokens.items()}}, str(file)
        )

    def load(self, file: Path) -> None:
        """Read what `save` wrote."""
        held = load_file(str(file))
        self._looked = int(held.pop(_LOOKED))
        self._tokens = {int(page): tokens for page, tokens in held.items()}

    def scores(self, words: Sequence[Words], tokens: Sequence[Tensor], without: Collection[int]) -> Tensor:
        """How well the nearest rivals of each of q questions fit it, (q, at most NEAREST), none of them in `without`.

        Computed as late interaction compares a question with a page; gradients reach the question's `tokens`.
        """
        pages = [page for page in self._tokens if page not in without]
        chance = random.Random(self._looked)  # noqa: S311 - a choice of examples, not a secret
        self._looked += 1
        pages = chance.sample(pages, min(LOOKED_AT, len(pages)))
        nearest = self._fits(pages, words, tokens).topk(min(NEAREST, len(pages))).indices.tolist()
        return torch.stack(
            [
                torch.stack([self._fit(pages[place], item, own) for place in places]) if places else own.new_zeros(0)
                for places, item, own in zip(nearest, words, tokens, strict=True)
            ]
        )

    def _fit(self, page: int, words: Words, tokens: Tensor) -> Tensor:
        best = (tokens @ self._tokens[page].float().T).max(dim=1).values
        return best @ torch.from_numpy(words.weights)

    @torch.no_grad()
    def _fits(self, pages: Sequence[int], words: Sequence[Words], tokens: Sequence[Tensor]) -> Tensor:
        """How well every page fits every question, (q, pages)."""
        asked = torch.cat(list(tokens)).to(torch.bfloat16)
        of_each = [torch.from_numpy(item.weights)[None] for item in words]
        weights = torch.block_diag(*of_each)  # type: ignore[no-untyped-call]
        fits = [torch.zeros(len(words), 0)]
        part: list[Tensor] = []
        for number, page in enumerate(pages, 1):
            part.append(self._tokens[page])
            if sum(map(len, part)) >= AT_ONCE or number == len(pages):
                alike = torch.cat(part) @ asked.T
                sizes = torch.tensor([len(held) for held in part])
                best = torch.segment_reduce(alike.float(), "max", lengths=sizes, unsafe=True)
                fits.append(weights @ best.T)
                part = []
        return torch.cat(fits, 1)
