"""Export a trained reader to int8 ONNX beside its encoder. Imports torch: never used in serving."""

from __future__ import annotations

import hashlib
import tempfile
import warnings
from dataclasses import replace
from pathlib import Path

import onnx
import torch
from torch import Tensor, nn

from procqa.embedding.export import quantise
from procqa.embedding.onnx import MODEL_FILE, EncoderCard
from procqa.embedding.reader import READER_FILE
from procqa.training.reader_model import ReaderModel

# The table of word embeddings, which encoder and reader share: one file, mapped by both.
WORDS_FILE = "words.bin"
_TABLE = "word_embeddings"


def export_reader(model: ReaderModel, folder: Path) -> None:
    """Write reader.onnx for a trained reader into a model folder, and its name into the folder's card."""
    with tempfile.TemporaryDirectory() as scratch, warnings.catch_warnings():
        # The exporter warns of traced constants and of its own age, as in `embedding.export`; none concerns the user.
        warnings.simplefilter("ignore")
        exact = Path(scratch) / "exact.onnx"
        example = torch.ones(1, 8, dtype=torch.long)
        torch.onnx.export(
            _Heads(model),
            (example, torch.zeros_like(example)),
            str(exact),
            input_names=["input_ids", "token_type_ids"],
            output_names=["heads", "marks"],
            dynamic_axes={name: {1: "tokens"} for name in ("input_ids", "token_type_ids", "marks")},
            dynamo=False,
        )
        quantise(exact, folder / READER_FILE)
    small = (folder / READER_FILE).read_bytes()
    share_words([folder / MODEL_FILE, folder / READER_FILE], folder)
    replace(EncoderCard.load(folder), reader=hashlib.sha256(small).hexdigest()).save(folder)


def share_words(models: list[Path], folder: Path) -> bool:
    """Put the word table of several models into one file of the folder, if it is the same in all; whether it was."""
    loaded = [onnx.load(str(path)) for path in models]
    tables = [_word_table(model) for model in loaded]
    if len({table.raw_data for table in tables}) > 1:
        return False
    (folder / WORDS_FILE).write_bytes(tables[0].raw_data)
    for path, model, table in zip(models, loaded, tables, strict=True):
        length = len(table.raw_data)
        onnx.external_data_helper.set_external_data(table, WORDS_FILE, 0, length)
        table.ClearField("raw_data")
        table.data_location = onnx.TensorProto.EXTERNAL
        path.write_bytes(model.SerializeToString())
    return True


def _word_table(model: onnx.ModelProto) -> onnx.TensorProto:
    table: onnx.TensorProto
    (table,) = [item for item in model.graph.initializer if _TABLE in item.name and len(item.dims) == 2]
    return table


class _Heads(nn.Module):
    """What is run when serving: one pair, without padding; marks of tokens, which numpy averages over lines."""

    def __init__(self, model: ReaderModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, input_ids: Tensor, token_type_ids: Tensor) -> tuple[Tensor, Tensor]:
        hidden = self.model.transformer(input_ids=input_ids, token_type_ids=token_type_ids).last_hidden_state
        return self.model.heads(hidden[:, 0]), self.model.mark(hidden)[..., 0]
