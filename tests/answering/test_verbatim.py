"""Every word of every answer stands in its page: questions as people write them, and anything else, over corpus/.

QUESTION_CASES is how many questions each test asks (see CONTRIBUTING.md).
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from procqa.answering.confidence import Calibration
from procqa.engine import Engine
from procqa.index.build import build_index
from procqa.settings import Settings
from procqa.types import Status
from tests.laws import check_reply

pytestmark = pytest.mark.model

CASES = int(os.environ.get("QUESTION_CASES", "60"))
ROOT = Path(__file__).parents[2]
GOLD = [
    json.loads(line)
    for path in [ROOT / "eval" / "gold-dev.jsonl", *sorted((ROOT / "eval" / "train").glob("gold-*.jsonl"))]
    for line in path.read_text(encoding="utf-8").splitlines()
]
QUESTIONS = [item["question"] for item in GOLD]
ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)
QUESTION = st.integers(0, len(QUESTIONS) - 1).map(lambda place: QUESTIONS[place])
# What people write, cut, joined, shouted, and mixed with any character there is.
PIECES = st.one_of(
    QUESTION,
    st.tuples(QUESTION, st.integers(1, 60)).map(lambda cut: cut[0][: cut[1]]),
    QUESTION.map(str.upper),
    ANY_TEXT,
    st.sampled_from(
        ["and when can I drive?", "Which procedures need general anesthesia?", "vs", "\n", "’😀", "e\u0301"]
    ),
)
ASKED = st.lists(PIECES, min_size=1, max_size=4).map(" ".join).filter(lambda text: 0 < len(text.strip()) <= 4000)


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """The engine over corpus/, which never abstains: what would be held back is to be verbatim too."""
    index = tmp_path_factory.mktemp("shipped")
    build_index(Settings(corpus=ROOT / "corpus", index=index))
    engine = Engine.open(index)
    replace(Calibration.load(index, engine.model), threshold=0.0).save(index)
    engine.close()
    engine = Engine.open(index)
    yield engine
    engine.close()


def test_questions_as_people_write_them(shipped: Engine) -> None:
    told = 0
    for item in GOLD[:: max(1, len(GOLD) // CASES)]:
        reply = shipped.ask(item["question"], history=item["history"], passages=3)
        check_reply(shipped, reply)
        told += reply.status is not Status.ABSTAINED
    assert told > 0.9 * min(CASES, len(GOLD))


@settings(max_examples=CASES, deadline=None, suppress_health_check=list(HealthCheck))
@given(question=ASKED, history=st.lists(PIECES, max_size=2), answers=st.integers(1, 10))
def test_anything_else(question: str, history: list[str], answers: int, shipped: Engine) -> None:
    reply = shipped.ask(question, history=history, max_answers=answers, passages=3)
    check_reply(shipped, reply)
    assert len(reply.answers) <= answers
