"""A larger model that is taught the questions in place of the small one, which learns to be like it (distillation).

The small encoder has too few layers to learn from thousands of questions what a large one does; but it can learn to
give each token of a text nearly the vector that the large one gives it, and texts alike vectors where the large one
does. That needs no labels, only texts, each token of which teaches something (Jiao et al. 2020, "TinyBERT", for hidden
states). What the large model makes of every text is kept, and the model let go before the small one learns.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from procqa.errors import ModelError
from procqa.progress import Progress, silent
from procqa.training.dev import judge
from procqa.training.examples import TrainingPassage, TrainingSet, Words
from procqa.training.groups import epochs_of
from procqa.training.late_model import Encoded, LateModel, first_projection, is_fresh
from procqa.training.steps import Plan, run_steps
from procqa.training.texts import Text

EPOCHS = 1
RATE = 5e-5
# Its lower layers stay as they are: it takes a third less time, and they know language from more than we can teach.
FROZEN = 0.5
# Texts encoded between two tellings of progress.
PART = 256
ENCODED = "encoded.safetensors"
_LAYER = re.compile(r"\blayer\.(\d+)\.")

_log = logging.getLogger(__name__)


class Teacher:
    """What a large model makes of some texts, which are told by their place among these."""

    def __init__(self, own: Sequence[Text], values: dict[str, Tensor]) -> None:
        """`own` are the texts as the small model reads them; `values` of `_encoded`.

        Raises ModelError when those are of other texts.
        """
        self.texts = [text.ids for text in own]
        if [len(ids) for ids in self.texts] != values["lengths"].tolist():
            raise ModelError("What the teacher made in an earlier sitting is of other texts; give another --out.")
        self.passages = [place for place, text in enumerate(own) if isinstance(text, TrainingPassage)]
        self.words = [place for place, text in enumerate(own) if isinstance(text, Words)]
        self._tokens = torch.split(values["tokens"], values["lengths"].tolist())
        self._vectors = values["vectors"]

    def makes_of(self, texts: Sequence[int]) -> Encoded:
        """The large model's vectors of some texts and of their tokens."""
        return Encoded([self._tokens[text].float() for text in texts], self._vectors[list(texts)])


def taught_teacher(
    base: Path,
    training: TrainingSet,
    dev: TrainingSet,
    texts: Sequence[Text],
    own: Sequence[Text],
    folder: Path,
    *,
    seed: int,
    progress: Progress = silent,
) -> Teacher:
    """Teach the model in the sentence-transformers folder `base` and keep what it makes of `texts` in `folder`.

    `own` are the same texts as the small model reads them, all else is as the large one does. An interrupted run with
    the same arguments goes on where it was. Raises ModelError when the two divide the texts in other tokens.
    """
    if [len(text.ids) for text in own] != [len(text.ids) for text in texts]:
        raise ModelError("The teacher divides words in other pieces than the base does; give another --teacher.")

    def taught() -> LateModel:
        torch.manual_seed(seed)
        model = LateModel(base, first_projection(base))
        _freeze_lower_layers(model)
        steps = [{"training": training, "step": step} for step in epochs_of(training, EPOCHS, seed)]
        plan = Plan("the teacher", folder, RATE, seed, checks=EPOCHS)
        best = run_steps(model, steps, plan, lambda: judge(model, dev).line, is_fresh, progress, model.rivals)
        _log.info("The teacher is taught; right lines on dev: %.3f.", best)
        return model

    return kept_teacher(taught, texts, own, folder, progress)


def kept_teacher(
    model: Callable[[], LateModel],
    texts: Sequence[Text],
    own: Sequence[Text],
    folder: Path,
    progress: Progress = silent,
) -> Teacher:
    """A teacher of what `model` makes of `texts`, which is kept in `folder`; it is called only where nothing is.

    `own` are the same texts as the small model reads them.
    """
    kept = folder / ENCODED
    if not kept.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        partial = kept.with_suffix(".partial")
        save_file(_encoded(model(), texts, progress), str(partial))
        partial.rename(kept)
    return Teacher(own, load_file(str(kept)))


def _freeze_lower_layers(model: LateModel) -> None:
    numbered = [(int(found[1]), value) for name, value in model.named_parameters() if (found := _LAYER.search(name))]
    count = 1 + max(number for number, _ in numbered)
    for number, value in numbered:
        value.requires_grad_(number >= count * FROZEN)


@torch.no_grad()
def _encoded(model: LateModel, texts: Sequence[Text], progress: Progress) -> dict[str, Tensor]:
    """The vectors of all texts, those of tokens in half precision."""
    model.eval()
    tokens: list[Tensor] = []
    vectors = []
    with progress("What the teacher makes of it", len(texts), "texts") as advance:
        for first in range(0, len(texts), PART):
            encoded = model.encode([text.ids for text in texts[first : first + PART]])
            tokens += [item.half() for item in encoded.tokens]
            vectors.append(encoded.vectors)
            advance(len(encoded.tokens))
    lengths = torch.tensor([len(item) for item in tokens])
    return {"tokens": torch.cat(tokens), "lengths": lengths, "vectors": torch.cat(vectors)}
