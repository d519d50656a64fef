"""An encoder that tells what it was asked, and the builds that use it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from procqa.embedding import Encoded, Encoder
from procqa.index.build import BuildReport

Build = Callable[..., BuildReport]


class SpyEncoder:
    """Passes everything on to another encoder and remembers which texts were embedded."""

    def __init__(self, encoder: Encoder, name: str = "") -> None:
        self._encoder = encoder
        self.name = name or encoder.name
        self.dimensions = encoder.dimensions
        self.token_dimensions = encoder.token_dimensions
        self.embedded: list[str] = []
        self.fails = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._encoder, name)

    def encode_documents(self, texts: Sequence[str]) -> list[Encoded]:
        if self.fails:
            raise MemoryError("no room")
        self.embedded += texts
        return self._encoder.encode_documents(texts)
