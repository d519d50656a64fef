"""Texts -> vectors. The engine needs only the `Encoder` protocol; it knows nothing of tokenizers or models.

Only this package imports sentence_transformers (to load and export a model) and onnxruntime (to run it).
"""

from procqa.embedding.encoder import Encoded, Encoder
from procqa.embedding.onnx import OnnxEncoder

__all__ = ["Encoded", "Encoder", "OnnxEncoder"]
