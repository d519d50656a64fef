"""What training begins from: a model with float weights, or one of which only the int8 export is there."""

from __future__ import annotations

import shutil
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from procqa.embedding.onnx import CARD_FILE, MODEL_FILE, PROJECTION_FILE, TOKENIZER_FILE
from procqa.embedding.reader import READER_FILE
from procqa.embedding.sources import PLAIN_NAME, WEIGHTS_FILE, WEIGHTS_FOLDER, find_model, plain_folder
from procqa.errors import ModelError
from procqa.training.reader_model import ReaderModel
from procqa.training.restore import restored_weights

READER_WEIGHTS = "reader.safetensors"
_WITHIN = "model."  # before the names of a reader's parameters in its export


def trainable_folder(base: str, scratch: Path) -> Path:
    """A sentence-transformers folder, with the reader beside it if the base has one.

    `base` is a name or path as for `--model`, empty for the packaged model. Raises ModelError when it holds no weights.
    """
    if base == PLAIN_NAME:
        return plain_folder()
    for folder in (Path(base) / WEIGHTS_FOLDER, Path(base)) if base else ():
        if (folder / WEIGHTS_FILE).is_file() and (folder / TOKENIZER_FILE).is_file():
            return folder
    exported = find_model(base).exported if not base or (Path(base) / CARD_FILE).is_file() else None
    if exported is None:
        raise ModelError(f"{base} has no weights to train ({WEIGHTS_FILE} and {TOKENIZER_FILE}); give another --base.")
    return _restored(exported, scratch)


def start_reader(model: ReaderModel, folder: Path) -> bool:
    """Give a reader the weights that the folder has of one; whether it has."""
    file = folder / READER_WEIGHTS
    if file.is_file():
        model.load_state_dict(load_file(str(file)), strict=True)
    return file.is_file()


def _restored(exported: Path, folder: Path) -> Path:
    """The exported model's weights in a folder like that of the plain model, which it has the form of."""
    plain = plain_folder()
    shutil.copytree(plain, folder, dirs_exist_ok=True)
    values = {name: torch.from_numpy(value) for name, value in restored_weights(exported / MODEL_FILE).items()}
    known = load_file(str(plain / WEIGHTS_FILE))
    if any(name not in known or known[name].shape != value.shape for name, value in values.items()):
        raise ModelError(f"{exported} has another form than {PLAIN_NAME}; give a --base with float weights.")
    save_file({**known, **values}, str(folder / WEIGHTS_FILE), {"format": "pt"})
    shutil.copyfile(exported / PROJECTION_FILE, folder / PROJECTION_FILE)
    if (exported / READER_FILE).is_file():
        reader = restored_weights(exported / READER_FILE)
        save_file(
            {name.removeprefix(_WITHIN): torch.from_numpy(value) for name, value in reader.items()},
            str(folder / READER_WEIGHTS),
        )
    return folder
