"""procqa and the baselines over the tiny real index, and the running service over HTTP."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
import uvicorn

from procqa.embedding import Encoder
from procqa.engine import Engine
from procqa.errors import ProcqaError
from procqa.evaluation import SYSTEMS, Outcome, System, open_service, open_system
from procqa.evaluation.baselines import BM25_HALF, Bm25, Dense, Fusion
from procqa.evaluation.gold import GoldItem
from procqa.evaluation.remote import Service
from procqa.index.snapshot import Snapshot
from procqa.service.app import create_app
from procqa.service.server import listen
from procqa.settings import Settings


def asked(question: str, *history: str) -> GoldItem:
    return GoldItem("q", question, history, (), (), None, ())


@pytest.fixture(params=SYSTEMS)
def system(request: pytest.FixtureRequest, engine: Engine, settings: Settings, encoder: Encoder) -> Iterator[System]:
    opened = open_system(request.param, index=settings.index, encoder=encoder)
    yield opened
    opened.close()


def test_every_system_answers_in_the_words_of_the_page(system: System) -> None:
    outcome = system.ask(asked("mitral valve repair operation takes about how many hours"))
    assert outcome.status == "answered"
    assert outcome.answer == "The operation takes about 2 hours."
    assert [(span.doc_id, span.section, span.verbatim) for span in outcome.spans] == [
        ("heart/mitral", "Duration", True)
    ]
    assert outcome.answer_pages[0] == "heart/mitral"
    assert 0 < outcome.confidence <= 1
    assert outcome.timing_ms["total"] > 0
    scores = [passage.score for passage in outcome.passages]
    assert scores == sorted(scores, reverse=True)
    assert 1 < len(scores) <= 10


def test_every_system_gives_the_same_answer_again(system: System) -> None:
    first, second = (replace(system.ask(asked("chest wound infection")), timing_ms={}) for _ in range(2))
    assert first == second


def test_every_system_says_what_it_is(system: System) -> None:
    info = system.info()
    assert (info.name in SYSTEMS, info.mode, info.documents, info.embedding_model) == (True, "in_process", 3, "words")
    assert info.corpus_sha256
    assert system.document("nowhere") is None


@pytest.mark.parametrize("name", ["bm25", "dense", "fusion"])
def test_baselines_ask_a_follow_up_with_its_history(
    name: str, engine: Engine, settings: Settings, encoder: Encoder
) -> None:
    baseline = open_system(name, index=settings.index, encoder=encoder)
    outcome = baseline.ask(asked("hospital stay", "tell me of mitral valve repair recovery"))
    assert outcome.answer_pages == ("heart/mitral",)


def test_bm25_abstains_only_when_nothing_is_found(engine: Engine, settings: Settings, encoder: Encoder) -> None:
    bm25 = open_system("bm25", index=settings.index, encoder=encoder)
    assert bm25.ask(asked("?!")) == Outcome("abstained", reason="no_relevant_content")
    assert open_system("dense", index=settings.index, encoder=encoder).ask(asked("quasar")).status == "answered"


def test_fusion_adds_reciprocal_ranks(engine: Engine, settings: Settings, encoder: Encoder) -> None:
    snapshot = Snapshot.open(settings.index, encoder)
    question = "mitral valve hours"
    rankings = [ranker.rank(snapshot, question)[0].tolist() for ranker in (Bm25(), Dense())]
    rows, scores = Fusion().rank(snapshot, question)
    for row, score in zip(rows.tolist(), scores, strict=True):
        expected = sum(1 / (60 + ranking.index(row) + 1) for ranking in rankings if row in ranking)
        assert score == pytest.approx(expected)
    assert sorted(scores, reverse=True) == scores.tolist()


def test_confidences_grow_from_0_to_1() -> None:
    assert (Bm25().confidence(0.0), Bm25().confidence(BM25_HALF)) == (0.0, 0.5)
    assert [Dense().confidence(score) for score in (-0.2, 0.4, 1.0000001)] == [0.0, 0.4, 1.0]
    assert Fusion().confidence(2 / 61) == pytest.approx(1.0)


def test_a_system_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(ProcqaError, match="the systems are procqa, bm25, dense, fusion"):
        open_system("magic", index=tmp_path)


@pytest.fixture
def service(engine: Engine, settings: Settings, encoder: Encoder) -> Iterator[Service]:
    """The real service on a free port."""
    app = create_app(lambda: Engine.open(settings.index, encoder=encoder))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, ws="none"))
    with closing(listen("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        # The service answers 503 with Retry-After until its index is open, and the client waits for it.
        opened = Service(f"http://127.0.0.1:{listener.getsockname()[1]}", 20.0)
        yield opened
        opened.close()
        server.should_exit = True
        thread.join()


@pytest.mark.parametrize(
    "question", ["mitral valve repair takes about how many hours", "aortic valve repair risks list", "quasar", "?!"]
)
def test_a_service_gives_what_the_engine_gives(
    service: Service, settings: Settings, encoder: Encoder, question: str
) -> None:
    local = open_system("procqa", index=settings.index, encoder=encoder)
    one, other = (replace(system.ask(asked(question)), timing_ms={}) for system in (local, service))
    assert one == other


def test_a_service_says_what_it_is_and_shows_its_pages(service: Service, engine: Engine) -> None:
    info = service.info()
    assert (info.mode, info.documents, info.index_version) == ("url", 3, engine.info.version)
    page, stored = service.document("heart/aortic"), engine.document("heart/aortic")
    assert page is not None
    assert stored is not None
    assert (page.text, page.sections, page.sha256) == (stored.text, stored.sections, stored.sha256)
    assert service.document("heart/none") is None


def test_an_http_error_is_told_by_its_code(service: Service) -> None:
    with pytest.raises(ProcqaError, match=r"^The service answered 422 \(\w+\)\.$"):
        service.ask(asked("x" * 5000))


def test_a_busy_service_is_asked_again_after_the_time_it_names() -> None:
    answers = [httpx.Response(429, headers={"Retry-After": "0"}), httpx.Response(404)]
    service = Service("http://test", 5.0, httpx.MockTransport(lambda request: answers.pop(0)))
    assert service.document("x") is None
    assert answers == []


def test_waiting_ends_with_the_time_for_one_question() -> None:
    busy = httpx.MockTransport(lambda request: httpx.Response(503, headers={"Retry-After": "9"}, json={"code": "busy"}))
    with pytest.raises(ProcqaError, match=r"503 \(busy\)"):
        Service("http://test", 5.0, busy).ask(asked("hello"))


def test_no_service_there() -> None:
    with pytest.raises(ProcqaError, match="start it with `procqa serve`"):
        open_service("http://127.0.0.1:9", timeout=2.0).info()
    not_procqa = httpx.MockTransport(lambda request: httpx.Response(200, text="<html>"))
    with pytest.raises(ProcqaError, match="No procqa service answers"):
        Service("http://test", 2.0, not_procqa).info()
