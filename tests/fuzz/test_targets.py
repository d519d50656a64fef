"""Every target with bytes that Hypothesis makes; FUZZ_CASES is how many for each (see CONTRIBUTING.md)."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from procqa.readers import CANONICAL_SECTIONS
from tests.fuzz.targets import ENDINGS, SLOW_ENDINGS, Target, every_target

CASES = int(os.environ.get("FUZZ_CASES", "40"))
# Pieces that mean something to a reader or to a parser of JSON, between bytes that mean nothing.
PIECES = [
    *(f"{name}\n".encode() for name in CANONICAL_SECTIONS[:4]),
    b"# ", b"\n---\n", b"- ", b"\n\n", b"<p>", b"</div>", b"<table><td>", b"<script>", b"&#0;", b"| a |", b"```",
    b"\xff\xfe", b"\xef\xbb\xbf", b"\x00", "\u202e\u2028’😀".encode(), b"{", b"}", b'"question": ', b'{"title": "a"}\n',
    b"PK\x03\x04", b"%PDF-1.7\n", b"mitral valve repair ", b"How long ", b"1e999", b"\\ud800", b"[" * 50,
]  # fmt: skip
MIXED = st.lists(st.sampled_from(PIECES) | st.binary(max_size=40) | st.text(max_size=20).map(str.encode), max_size=30)
FIELDS = """
question history filters doc_id section max_answers passages model messages role content stream n id rating reason
comment
""".split()
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30)
BODIES = st.recursive(
    LEAVES | st.sampled_from(["user", "procqa", "up", "0" * 32]),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(FIELDS) | st.text(max_size=5), inner, max_size=6)
    ),
    max_leaves=12,
)
ANYTHING = MIXED.map(b"".join) | BODIES.map(lambda body: json.dumps(body).encode())
NAMES = [*(f"read{ending}" for ending in ENDINGS), "ask", "door", "chat", "feedback"]


@pytest.fixture(scope="module")
def targets() -> Iterator[dict[str, Target]]:
    with every_target() as made:
        yield made


@pytest.mark.parametrize("name", NAMES)
def test_no_bytes_break_a_law(targets: dict[str, Target], name: str) -> None:
    cases = max(5, CASES // 20) if name.removeprefix("read") in SLOW_ENDINGS else CASES

    @settings(max_examples=cases, deadline=None, suppress_health_check=list(HealthCheck))
    @given(ANYTHING)
    def holds(content: bytes) -> None:
        targets[name](content)

    holds()
