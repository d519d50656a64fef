"""What training begins from: a model with float weights, or one of which only the int8 export is there."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file

from procqa.embedding.onnx import CARD_FILE, MODEL_FILE, PROJECTION_FILE, TOKENIZER_FILE
from procqa.embedding.reader import READER_FILE
from procqa.embedding.sources import PLAIN_NAME, WEIGHTS_FILE, WEIGHTS_FOLDER, find_model, plain_folder
from procqa.errors import ModelError
from procqa.training.reader_model import ReaderModel
from procqa.training.restore import restored_weights

READER_WEIGHTS = "reader.safetensors"
CONFIG_FILE = "config.json"
_LAYER = re.compile(r"(?P<before>.*\blayer\.)(?P<number>\d+)(?P<after>\..*)")
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
        raise ModelError(f"{base} has no weights to train ({WEIGHTS_FILE} and {TOKENIZER_FILE}); give another model.")
    return _restored(exported, scratch)


def with_layers(base: Path, layers: int, folder: Path) -> Path:
    """The model in the folder `base` with so many of its layers, evenly spaced from the first to the last.

    A reader beside it is left out. Raises ModelError when it has fewer layers.
    """
    config = json.loads((base / CONFIG_FILE).read_text(encoding="utf-8"))
    count = int(config["num_hidden_layers"])
    if layers > count:
        raise ModelError(f"The model that training begins from has {count} layers; --layers {layers} is too many.")
    kept = np.linspace(0, count - 1, layers).round().astype(int).tolist()
    shutil.copytree(base, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns(READER_WEIGHTS))
    weights = {}
    for name, value in load_file(str(base / WEIGHTS_FILE)).items():
        layer = _LAYER.match(name)
        if layer is None:
            weights[name] = value
        elif int(layer["number"]) in kept:
            weights[f"{layer['before']}{kept.index(int(layer['number']))}{layer['after']}"] = value
    save_file(weights, str(folder / WEIGHTS_FILE), {"format": "pt"})
    (folder / CONFIG_FILE).write_text(json.dumps({**config, "num_hidden_layers": layers}, indent=2), encoding="utf-8")
    return folder


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
