"""Texts -> vectors. The engine needs only the `Encoder` protocol; it knows nothing of tokenizers or models.

Only this package imports onnxruntime and tokenizers, which run the models. It imports sentence_transformers only to
export a model with float weights; the shipped ones need neither that nor torch.
"""

from procqa.embedding.encoder import Encoded, Encoder
from procqa.embedding.onnx import OnnxEncoder

__all__ = ["Encoded", "Encoder", "OnnxEncoder"]
