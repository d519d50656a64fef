"""The exported encoder, run by ONNX Runtime: needs neither torch nor sentence_transformers."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import onnxruntime
from tokenizers import Encoding

from procqa.embedding.encoder import Encoded, FloatArray, unit
from procqa.embedding.pieces import WordPieces
from procqa.errors import ModelError

MODEL_FILE = "model.onnx"
TOKENIZER_FILE = "tokenizer.json"
CARD_FILE = "encoder.json"
PROJECTION_FILE = "projection.npy"  # (d, t); a folder without it keeps all d dimensions of the tokens


@dataclass(frozen=True, slots=True)
class EncoderCard:
    """What is needed beside the weights to run an encoder and to know it again."""

    name: str
    sha256: str  # of the weights it was exported from
    dimensions: int
    max_tokens: int  # special tokens counted
    pooling: str  # "mean" or "cls"
    quantisation: str  # ONNX Runtime's name for the int8 form, or "fp32"
    recipe: str  # hash of what the projection and the heads were fitted on
    question_prompt: str = ""
    document_prompt: str = ""
    reader: str = ""  # sha256 of the reader beside it; empty when there is none

    @property
    def identity(self) -> str:
        """Equal for models that find and read alike."""
        return "+".join(filter(None, (self.sha256, self.recipe, self.reader[:12])))

    def save(self, folder: Path) -> None:
        """Write `encoder.json` into the folder."""
        (folder / CARD_FILE).write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> EncoderCard:
        """Read `encoder.json`; raises ModelError when it is missing or of another form."""
        try:
            return cls(**json.loads((folder / CARD_FILE).read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            raise ModelError(f"The encoder in {folder} cannot be read; rebuild with `procqa index build`.") from None


class OnnxEncoder:
    """An `Encoder` over an exported model folder (model.onnx, tokenizer.json, encoder.json)."""

    def __init__(self, folder: Path, threads: int = 0) -> None:
        """Load the model. Each text is read by `threads` threads; 0 means one, which costs the least of them all.

        Raises ModelError.
        """
        self.card = EncoderCard.load(folder)
        self._session = open_session(folder / MODEL_FILE, threads)
        try:
            self.pieces = WordPieces(folder / TOKENIZER_FILE, self.card.max_tokens)
        except Exception as error:  # the library raises kinds of its own
            raise _not_loaded(folder / TOKENIZER_FILE, error) from error
        projection = folder / PROJECTION_FILE
        self._projection: FloatArray | None = np.load(projection) if projection.exists() else None
        self._inputs = {value.name for value in self._session.get_inputs()}

    @property
    def name(self) -> str:
        return self.card.name

    @property
    def dimensions(self) -> int:
        return self.card.dimensions

    @property
    def token_dimensions(self) -> int:
        return self.dimensions if self._projection is None else int(self._projection.shape[1])

    @property
    def max_tokens(self) -> int:
        return self.pieces.max_tokens

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return self.pieces.count_tokens(texts)

    def encode_documents(self, texts: Sequence[str]) -> list[Encoded]:
        prompt = self.card.document_prompt
        encodings = self.pieces.tokenizer.encode_batch([prompt + text for text in texts])
        for text, encoding in zip(texts, encodings, strict=True):
            if len(encoding.ids) > self.card.max_tokens:
                raise ValueError(f"text of {len(encoding.ids)} tokens is over {self.card.max_tokens}: {text[:60]!r}")
        return [self._run(encoding, len(prompt)) for encoding in encodings]

    def encode_question(self, text: str) -> Encoded:
        prompt = self.card.question_prompt
        windows = self._windows(prompt, text)
        parts = [self._run(encoding, len(prompt), shift) for encoding, shift in windows]
        if len(parts) == 1:
            return parts[0]
        mean = np.mean([part.vector * len(part.tokens) for part in parts], axis=0)
        return Encoded(
            unit(mean),
            np.concatenate([part.tokens for part in parts]),
            np.concatenate([part.offsets for part in parts]),
        )

    def _windows(self, prompt: str, text: str) -> list[tuple[Encoding, int]]:
        """Encodings that together cover the text, each with the place in the text where it begins."""
        whole = self.pieces.tokenizer.encode(prompt + text)
        if len(whole.ids) <= self.card.max_tokens or len(text) < 2:
            return [(whole, 0)]
        # Halves, cut between words: a word cut in two can have more pieces than it had whole.
        middle = len(text) // 2
        spaces = [match.start() for match in re.finditer(r"\s\S", text)]
        cut = min(spaces, key=lambda place: abs(place - middle), default=middle) or middle
        right = self._windows(prompt, text[cut:])
        return self._windows(prompt, text[:cut]) + [(encoding, cut + shift) for encoding, shift in right]

    def _run(self, encoding: Encoding, prompt_length: int, shift: int = 0) -> Encoded:
        # One text at a time: int8 scales are taken over a whole batch, so that a text's vector would depend on the
        # texts beside it (cosines down to 0.99 between batches), and larger batches are hardly faster.
        ids = np.array([encoding.ids], dtype=np.int64)
        feed = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        hidden = self._session.run(None, {name: feed[name] for name in self._inputs})[0][0]
        pooled = hidden[0] if self.card.pooling == "cls" else hidden.mean(axis=0)
        offsets = np.asarray(encoding.offsets, dtype=np.int32) - prompt_length
        keep = (np.asarray(encoding.special_tokens_mask) == 0) & (offsets[:, 0] >= 0)
        tokens = hidden[keep] if self._projection is None else hidden[keep] @ self._projection
        return Encoded(unit(pooled), unit(tokens), offsets[keep] + shift)


def open_session(model: Path, threads: int) -> onnxruntime.InferenceSession:
    """An exported model, ready to run; `threads` read one text, 0 means one. Raises ModelError."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = max(1, threads)
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # the library raises kinds of its own
        raise _not_loaded(model, error) from error


def _not_loaded(file: Path, error: Exception) -> ModelError:
    return ModelError(f"{file} cannot be loaded ({type(error).__name__}); rebuild with `procqa index build`.")
