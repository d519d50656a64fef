"""POST /v1/feedback, what it leaves on the disk, and the gold candidates that come of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from procqa.engine import Engine
from procqa.evaluation.gold import check_gold, load_gold
from procqa.service import feedback_store
from procqa.service.app import create_app
from procqa.service.feedback_store import FILE, Feedback, FeedbackStore
from procqa.service.recent import RecentAnswers
from procqa.service.shared import Shared
from procqa.settings import Settings

STAY = "How long do I stay in hospital after a mitral valve repair?"
UNKNOWN = "0" * 32
SAID = Feedback(UNKNOWN, "2026-01-02T03:04:05+00:00", "down", "other", "my comment", "my question", ("before",), None)


@contextmanager
def service(serve: Any, engine: Engine, settings: Settings) -> Iterator[Any]:
    with serve(create_app(lambda: engine, settings)) as client:
        client.wait_until_loaded()
        yield client


def rate(client: Any, answer_id: str, rating: str = "up", **fields: Any) -> list[str]:
    response = client.post("/v1/feedback", json={"id": answer_id, "rating": rating, **fields})
    assert response.status_code == 200, response.text
    assert response.json()["id"] == answer_id
    kept: list[str] = response.json()["kept"]
    return kept


def ask(client: Any, question: str, **fields: Any) -> str:
    return str(client.post("/v1/ask", json={"question": question, **fields}).json()["id"])


def on_disk(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_by_default_no_word_of_the_sender_reaches_the_disk(serve: Any, engine: Engine, settings: Settings) -> None:
    with service(serve, engine, settings) as client:
        answer = ask(client, STAY)
        sent = {"question": "marker1", "history": ["marker2"], "comment": "marker3", "reason": "incomplete"}
        assert rate(client, answer, "down", **sent) == ["rating", "reason"]
    assert b"marker" not in on_disk(settings.state)
    assert b"mitral valve repair?" not in on_disk(settings.state)
    (said,) = FeedbackStore(settings.state, 0).all()
    assert (said.id, said.rating, said.reason) == (answer, "down", "incomplete")
    assert said.given is not None
    assert said.given["relevant"] == [{"doc_id": "heart/mitral", "section": "Recovery"}]


def test_words_are_kept_where_the_operator_keeps_questions_and_go_when_they_are_removed(
    serve: Any, engine: Engine, settings: Settings
) -> None:
    with service(serve, engine, settings.with_values(keep_questions_days=3)) as client:
        sent = {"question": "marker1?", "history": ["marker2?"], "comment": "marker3"}
        assert rate(client, UNKNOWN, "down", **sent) == ["rating", "comment", "question", "history"]
        (said,) = FeedbackStore(settings.state, 3).all()
        assert (said.question, said.history, said.comment, said.given) == ("marker1?", ("marker2?",), "marker3", None)
        assert b"marker1" in on_disk(settings.state)
        assert client.request("DELETE", f"/v1/feedback/{UNKNOWN}").status_code == 204
        assert b"marker" not in on_disk(settings.state)
        response = client.request("DELETE", f"/v1/feedback/{UNKNOWN}")
        assert (response.status_code, response.json()["code"]) == (404, "feedback_not_found")


def test_the_later_rating_of_an_answer_counts(serve: Any, engine: Engine, settings: Settings) -> None:
    with service(serve, engine, settings) as client:
        rate(client, UNKNOWN, "up")
        rate(client, UNKNOWN, "down", reason="wrong_procedure")
    (said,) = FeedbackStore(settings.state, 0).all()
    assert (said.rating, said.reason) == ("down", "wrong_procedure")


@pytest.mark.parametrize("days", [0, 30])
def test_words_go_when_their_time_is_over_or_the_switch_is_turned_off(tmp_path: Path, days: int) -> None:
    old = replace(SAID, id="1" * 32, at="2001-01-01T00:00:00+00:00")
    young = replace(SAID, at="2999-01-01T00:00:00+00:00", comment=None, question="young")
    FeedbackStore(tmp_path, 10**5).add(old)
    FeedbackStore(tmp_path, 10**5).add(young)
    FeedbackStore(tmp_path, days).forget_old()
    first, second = FeedbackStore(tmp_path, 30).all()
    assert (first.comment, first.question, first.history, first.rating) == (None, None, (), "down")
    assert second.question == "young"
    assert b"my question" not in (tmp_path / FILE).read_bytes()


def test_a_folder_that_cannot_be_written_is_a_503_and_answers_go_on(
    serve: Any, engine: Engine, settings: Settings
) -> None:
    with service(serve, engine, settings) as client:
        (settings.state / FILE).mkdir(parents=True)
        response = client.post("/v1/feedback", json={"id": UNKNOWN, "rating": "up"})
        assert (response.status_code, response.json()["code"]) == (503, "state_unavailable")
        assert str(settings.state) not in response.text
        assert ask(client, STAY)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"id": "abc"}, "id"),
        ({"id": "A" * 32}, "id"),
        ({"rating": "sideways"}, "rating"),
        ({"reason": "because"}, "reason"),
        ({"comment": "x" * 2001}, "comment"),
        ({"question": " "}, "question"),
        ({"stars": 5}, "stars"),
    ],
)
def test_a_wrong_field_is_named(client: Any, change: dict[str, Any], field: str) -> None:
    response = client.post("/v1/feedback", json={"id": UNKNOWN, "rating": "up", **change})
    assert response.status_code == 422
    assert [error["field"] for error in response.json()["errors"]] == [field]


def test_only_so_many_answers_are_remembered(engine: Engine) -> None:
    recent = RecentAnswers(Shared().database(), most=2)
    replies = [engine.ask(STAY) for _ in range(3)]
    for reply in replies:
        recent.hear((), reply)
    assert recent.get(replies[0].id) is None
    told = recent.get(replies[2].id)
    assert told is not None
    assert told["quotes"] == [span.text for span in replies[2].answers[0].spans]
    assert STAY not in json.dumps(told)


def test_feedback_becomes_gold_candidates(
    serve: Any,
    engine: Engine,
    settings: Settings,
    tmp_path: Path,
    exits: Callable[..., tuple[int, str, str]],
    built_index: Path,
    encoder: Any,
) -> None:
    with service(serve, engine, settings.with_values(keep_questions_days=3)) as client:
        right = ask(client, STAY, history=["I need a mitral valve repair."])
        refused = ask(client, "?!")
        wrong = ask(client, "Is there a nurse at a knee arthroscopy?")
        rate(client, right)
        rate(client, refused)
        rate(client, wrong, "down", reason="not_an_answer", comment="who?")
        rate(client, UNKNOWN)
    out = tmp_path / "candidates"
    code, said, _ = exits("feedback", "export", out, "--state", settings.state)
    assert (code, said) == (0, f"{out}: 2 confirmed, 1 to label. 1 ratings have no question.\n")
    gold = load_gold(out / "confirmed.jsonl")
    with closing(Engine.open(built_index, encoder=encoder)) as reader:  # the service closed its own
        assert check_gold(gold, reader) == []
    by_question = {item.question: item for item in gold.items}
    assert by_question[STAY].history == ("I need a mitral valve repair.",)
    assert by_question[STAY].answers == (("You stay in hospital for 3 days.",),)
    assert by_question[STAY].tags == ("feedback", "up")
    assert by_question["?!"].unanswerable == "off_domain"
    (label,) = [json.loads(line) for line in (out / "to-label.jsonl").read_text(encoding="utf-8").splitlines()]
    assert (label["relevant"], label["answers"], label["unanswerable"]) == ([], [], None)
    assert label["feedback"]["comment"] == "who?"
    assert label["feedback"]["given"]["status"] in {"answered", "abstained", "needs_clarification"}


def test_the_oldest_ratings_make_room_for_new_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feedback_store, "MOST_KEPT", 2)
    store = FeedbackStore(tmp_path, 0)
    for day in (3, 1, 2):
        store.add(replace(SAID, id=str(day) * 32, at=f"2026-01-0{day}T00:00:00+00:00"))
    assert [said.id[0] for said in store.all()] == ["2", "3"]


def test_feedback_is_removed_by_its_answer(tmp_path: Path, exits: Callable[..., tuple[int, str, str]]) -> None:
    FeedbackStore(tmp_path, 10**5).add(SAID)
    assert exits("feedback", "remove", "1" * 32, "--state", tmp_path)[:2] == (0, "Removed feedback on 0 answers.\n")
    assert exits("feedback", "remove", UNKNOWN, "--state", tmp_path)[:2] == (0, "Removed feedback on 1 answer.\n")
    assert b"my question" not in (tmp_path / FILE).read_bytes()


def test_without_feedback_the_export_is_empty(tmp_path: Path, exits: Callable[..., tuple[int, str, str]]) -> None:
    code, said, _ = exits("feedback", "export", tmp_path / "out", "--state", tmp_path / "none")
    assert code == 0
    assert "0 confirmed, 0 to label" in said
    (tmp_path / "file").touch()
    code, _, error = exits("feedback", "export", tmp_path / "file" / "out", "--state", tmp_path / "none")
    assert code == 2
    assert "cannot be written" in error
