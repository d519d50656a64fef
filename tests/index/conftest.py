"""Builds of the three pages, and which texts they embedded."""

from __future__ import annotations

import pytest
from spying import Build, SpyEncoder

from procqa.embedding import Encoder
from procqa.index.build import BuildReport, build_index
from procqa.settings import Settings


@pytest.fixture
def spy(encoder: Encoder) -> SpyEncoder:
    return SpyEncoder(encoder)


@pytest.fixture
def build(settings: Settings, spy: SpyEncoder) -> Build:
    def run(**options: object) -> BuildReport:
        spy.embedded.clear()
        return build_index(settings, encoder=spy, **options)  # type: ignore[arg-type]

    return run
