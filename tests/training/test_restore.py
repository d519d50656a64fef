"""Training goes on from what ships: the int8 export gives its weights back, nearly as they were."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from procqa.embedding import OnnxEncoder
from procqa.embedding.onnx import PROJECTION_FILE, TOKENIZER_FILE
from procqa.embedding.pieces import WordPieces
from procqa.embedding.sources import find_model
from procqa.errors import ModelError

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")
pytestmark = pytest.mark.model

TEXTS = ("how long will I be off my feet", "Aortic valve repair\nRecovery\nYou stay in hospital for 7 days.")


def test_the_shipped_encoder_can_be_taught_on(tmp_path: Path) -> None:
    from procqa.training.base import trainable_folder
    from procqa.training.late_model import LateModel

    folder = trainable_folder("", tmp_path / "base")
    model = LateModel(folder, np.load(folder / PROJECTION_FILE)).eval()
    exported = find_model("").exported
    assert exported is not None
    encoder, pieces = OnnxEncoder(exported), WordPieces(exported / TOKENIZER_FILE, 256)
    for text in TEXTS:
        ids = pieces.split([text])[0].ids
        with torch.no_grad():
            (tokens,) = model.encode([ids]).tokens
        cosines = (tokens.numpy()[1:-1] * encoder.encode_question(text).tokens).sum(axis=1)
        assert cosines.mean() > 0.97


def test_a_folder_without_weights_is_told(tmp_path: Path) -> None:
    from procqa.training.base import trainable_folder

    with pytest.raises(ModelError, match="has no weights to train"):
        trainable_folder(str(tmp_path), tmp_path / "base")
