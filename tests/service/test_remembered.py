"""A question asked again gets the same reply, from the same index alone, and is in memory only as long as allowed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from procqa.engine import Engine
from procqa.service.app import create_app
from procqa.service.remembered import RememberedReplies
from procqa.settings import Settings
from procqa.types import Filters, IndexInfo, Reply

QUESTION = "How long do I stay in hospital after a mitral valve repair?"


class Counting:
    """An engine that counts what it is asked; `version` may be changed as a rollback or a new snapshot does."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.asked: list[str] = []
        self.version = engine.info.version

    @property
    def info(self) -> IndexInfo:
        return replace(self._engine.info, version=self.version)

    def ask(self, question: str, **options: Any) -> Reply:
        self.asked.append(question)
        return replace(self._engine.ask(question, **options), index=self.info)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)


@pytest.fixture
def counting(engine: Engine) -> Any:
    return Counting(engine)


def test_asked_again_it_is_the_same_but_for_id_and_time(counting: Any) -> None:
    remembered = RememberedReplies(2)
    first, again = remembered.ask(counting, QUESTION), remembered.ask(counting, QUESTION)
    assert counting.asked == [QUESTION]
    assert again.id != first.id
    assert set(again.timing_ms) == {"total", "remembered"}
    assert replace(again, id=first.id, timing_ms=first.timing_ms) == first


@pytest.mark.parametrize(
    "other",
    [
        {"history": ("What is an aortic valve repair?",)},
        {"filters": Filters(doc_ids=("heart/aortic",))},
        {"max_answers": 1},
        {"passages": 2},
    ],
)
def test_whatever_else_is_asked_along_makes_it_another_question(other: dict[str, Any], counting: Any) -> None:
    remembered = RememberedReplies(10)
    assert remembered.ask(counting, QUESTION) is not None
    assert remembered.ask(counting, QUESTION, **other).timing_ms.keys() >= {"retrieval"}
    assert len(counting.asked) == 2


def test_the_oldest_goes_and_what_is_asked_stays(counting: Any) -> None:
    remembered = RememberedReplies(2)
    for question in ("knee?", "valve?", "knee?", "chest?", "knee?", "valve?"):
        remembered.ask(counting, question)
    assert counting.asked == ["knee?", "valve?", "chest?", "valve?"]
    assert len(remembered) == 2


def test_another_index_is_asked_anew_also_after_a_rollback(counting: Any) -> None:
    remembered = RememberedReplies(10)
    first = counting.version
    for version in (first, "9999", "9999", first, first):
        counting.version = version
        assert remembered.ask(counting, QUESTION).index.version == version
    assert len(counting.asked) == 3
    assert len(remembered) == 1


def test_nothing_is_remembered_where_nothing_may_be(counting: Any) -> None:
    remembered = RememberedReplies(0)
    for _ in range(2):
        remembered.ask(counting, QUESTION)
    assert len(counting.asked) == 2
    assert len(remembered) == 0


def test_over_http_it_is_answered_once_and_forgotten_with_what_is_kept(
    counting: Any, settings: Settings, serve: Any
) -> None:
    with serve(create_app(lambda: counting, settings)) as client:
        client.wait_until_loaded()
        first, again = (client.post("/v1/ask", json={"question": QUESTION}).json() for _ in range(2))
        assert len(counting.asked) == 1
        assert first["answers"] == again["answers"] != []
        # Each is an answer of its own, that can be rated and found again.
        assert first["id"] != again["id"]
        assert client.post("/v1/feedback", json={"id": again["id"], "rating": "up"}).status_code == 200
        assert client.request("DELETE", "/v1/questions").status_code == 200
        client.post("/v1/ask", json={"question": QUESTION})
    assert len(counting.asked) == 2
