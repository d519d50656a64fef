"""Load any sentence-transformers model and export it, once, to int8 ONNX. Imports torch: never used in serving."""

from __future__ import annotations

import gc
import logging
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from procqa.embedding.heads import fit_heads
from procqa.embedding.onnx import (
    MODEL_FILE,
    PROJECTION_FILE,
    TOKENIZER_FILE,
    EncoderCard,
    OnnxEncoder,
)
from procqa.embedding.projection import fit_projection, sample_sentences
from procqa.embedding.sources import WEIGHTS_FOLDER, Source, recipe
from procqa.errors import ModelError

# Where a model does not say how much it reads.
MAX_TOKENS = 256
# One scale for each channel loses little (cosines of tokens 0.99 in the mean, 0.86 with one for each matrix), and seven
# of the eight bits are used, so that processors without VNNI, whose sums would overflow, compute the same.
QUANTISATION = "int8, by channel, 7 bits"

_log = logging.getLogger(__name__)


def place_encoder(source: Source, folder: Path) -> None:
    """Put an encoder that can be run into `folder`: a copy, or an export. Raises ModelError."""
    if source.exported is None:
        export_encoder(source, folder)
    else:
        # A trained model keeps the float weights that training goes on from: no index needs them.
        unwanted = shutil.ignore_patterns(WEIGHTS_FOLDER)
        shutil.copytree(source.exported, folder, ignore=unwanted, dirs_exist_ok=True)


def export_encoder(source: Source, folder: Path) -> EncoderCard:
    """Export what sentence-transformers loads to `folder` as int8 ONNX. Raises ModelError."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch, warnings.catch_warnings():
        # The exporter warns of traced constants and of deprecated options of its own; none concerns the user.
        warnings.simplefilter("ignore")
        card = _export(source, Path(scratch))
        # The loaded model owns a temporary folder; collected here, its removal is as silent as the rest.
        gc.collect()
        shutil.copyfile(Path(scratch) / MODEL_FILE, folder / MODEL_FILE)
        shutil.copyfile(Path(scratch) / TOKENIZER_FILE, folder / TOKENIZER_FILE)
    card.save(folder)
    exported = OnnxEncoder(folder)
    kept = Path(source.loaded) / PROJECTION_FILE
    if kept.exists():  # a trained model has its own
        shutil.copyfile(kept, folder / PROJECTION_FILE)
    else:
        tokens = np.concatenate([item.tokens for item in exported.encode_documents(sample_sentences())])
        np.save(folder / PROJECTION_FILE, fit_projection(tokens))
    fit_heads(exported).save(folder)
    return card


def _export(source: Source, scratch: Path) -> EncoderCard:
    """Write the model and the tokenizer into `scratch`; the loaded model is let go on return."""
    loaded = _load(source.loaded)
    prompts = loaded.prompts or {}
    card = EncoderCard(
        name=source.name,
        sha256=source.identity.partition("+")[0],
        dimensions=int(loaded.get_embedding_dimension() or 0),
        max_tokens=int(loaded.max_seq_length or MAX_TOKENS),
        pooling=_pooling(loaded, source.loaded),
        quantisation=QUANTISATION,
        recipe=recipe(),
        question_prompt=prompts.get("query") or "",
        document_prompt=prompts.get("document") or prompts.get("passage") or "",
    )
    _log.info("Exporting the encoder to ONNX.")
    loaded.save_pretrained(str(scratch / "exact"))
    exact = next((scratch / "exact").rglob("*.onnx"))
    quantise(exact, scratch / MODEL_FILE)
    loaded.tokenizer.backend_tokenizer.save(str(scratch / TOKENIZER_FILE))
    return card


def quantise(exact: Path, small: Path) -> None:
    """Write the int8 form of an ONNX model, as QUANTISATION says."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    with _quiet(logging.getLogger()):  # it advises to optimise first, which changes nothing here
        quantize_dynamic(exact, small, per_channel=True, reduce_range=True, weight_type=QuantType.QInt8)


def _load(source: str) -> Any:
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging as transformers_logging

    transformers_logging.set_verbosity_error()
    # It recommends saving the export beside the weights; the export is kept in the snapshot instead.
    logging.getLogger("sentence_transformers.backend").setLevel(logging.ERROR)
    try:
        return SentenceTransformer(
            source, backend="onnx", model_kwargs={"export": True, "provider": "CPUExecutionProvider"}
        )
    except Exception as error:  # the hub, the config and the exporter each raise kinds of their own
        raise ModelError(
            f"The model {source!r} cannot be loaded ({type(error).__name__}); "
            "give the path of a saved sentence-transformers model, or leave --model out for the packaged one."
        ) from error


def _pooling(loaded: Any, source: str) -> str:
    """How the model pools; other modules than transformer, pooling and normalising are refused."""
    kinds = [type(module).__name__ for module in loaded]
    if kinds[:2] != ["Transformer", "Pooling"] or kinds[2:] not in ([], ["Normalize"]):
        raise ModelError(f"The model {source!r} has the modules {', '.join(kinds)}; only pooled transformers serve.")
    mode = loaded[1].get_config_dict()["pooling_mode"]
    if mode not in ("mean", "cls"):
        raise ModelError(f"The model {source!r} pools by {mode!r}; only mean and cls can be served.")
    return str(mode)


@contextmanager
def _quiet(logger: logging.Logger) -> Iterator[None]:
    """Let a logger tell errors alone for a while."""
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
