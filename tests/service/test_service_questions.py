"""POST /v1/ask and /v1/search over the real engine."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest
from pydantic import BaseModel

from procqa.passages import count_tiktoken
from procqa.service.requests import AskRequest, SearchRequest
from procqa.service.responses import AskResponse

STAY = "How long do I stay in hospital after a mitral valve repair?"
ASK_KEYS = {
    "id", "status", "question", "interpreted_as", "answers", "citations", "abstention", "clarification", "passages",
    "index", "timing_ms",
}  # fmt: skip
CITATION_KEYS = {"id", "doc_id", "title", "section", "start", "end", "utf16", "quote", "url", "doc_sha256"}
PASSAGE_KEYS = {"passage_id", "doc_id", "title", "section", "text", "start", "end", "score"}


def ask(client: Any, question: str, **fields: Any) -> dict[str, Any]:
    response = client.post("/v1/ask", json={"question": question, **fields})
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/json"
    body: dict[str, Any] = response.json()
    assert set(body) == ASK_KEYS
    return body


def assert_verbatim(client: Any, body: dict[str, Any]) -> None:
    """Every span is its citation's quote, and both stand in the document, counted in either unit."""
    citations = {citation["id"]: citation for citation in body["citations"]}
    for answer in body["answers"]:
        assert answer["text"] == "\n".join(span["text"] for span in answer["spans"])
        for span in answer["spans"]:
            assert span["text"] == citations[span["citation"]]["quote"]["exact"]
    for citation in body["citations"]:
        document = client.get("/v1/documents/" + quote(citation["doc_id"], safe="")).json()
        text, quoted = document["text"], citation["quote"]
        assert text[citation["start"] : citation["end"]] == quoted["exact"]
        assert text[: citation["start"]].endswith(quoted["prefix"])
        assert text[citation["end"] :].startswith(quoted["suffix"])
        # A JavaScript string is a list of UTF-16 code units of two bytes each.
        first, last = citation["utf16"]
        assert text.encode("utf-16-le")[2 * first : 2 * last].decode("utf-16-le") == quoted["exact"]
        assert citation["doc_sha256"] == document["sha256"]


def test_an_answer_has_the_fields_of_the_contract(client: Any) -> None:
    body = ask(client, STAY, filters={"doc_id": ["heart/mitral"], "section": ["Recovery"]}, passages=1)
    assert body["status"] == "answered"
    assert body["question"] == STAY
    assert set(body["answers"][0]) == {"text", "confidence", "spans"}
    assert set(body["answers"][0]["spans"][0]) == {"text", "citation"}
    assert 0 <= body["answers"][0]["confidence"] <= 1
    citation = body["citations"][0]
    assert set(citation) == CITATION_KEYS
    assert (citation["doc_id"], citation["section"]) == ("heart/mitral", "Recovery")
    assert set(citation["quote"]) == {"exact", "prefix", "suffix"}
    start, end = citation["start"], citation["end"]
    assert citation["url"] == f"/documents/heart/mitral?start={start}&end={end}#c{start}-{end}"
    assert body["interpreted_as"] == {
        "question": STAY, "doc_id": "heart/mitral", "title": "Mitral valve repair", "section": "Recovery",
        "from_history": False,
    }  # fmt: skip
    assert body["abstention"] is None
    assert body["clarification"] is None
    assert [set(passage) for passage in body["passages"]] == [PASSAGE_KEYS]
    assert body["index"].items() <= client.get("/v1/index").json().items()
    assert body["timing_ms"]["total"] > 0


@pytest.mark.parametrize(
    "question", [STAY, "Is it safe to shower after a mitral valve repair?", "aortic valve repair risks", "😀 day 2"]
)
def test_answers_are_verbatim_in_both_units(client: Any, question: str) -> None:
    assert_verbatim(client, ask(client, question, max_answers=10))


def test_offsets_beyond_the_first_plane_differ_by_unit(hostile: Any) -> None:
    body = ask(hostile, "You’re then fit again", filters={"doc_id": ["кардио/à b?c#d%2F&e"]}, max_answers=10)
    assert_verbatim(hostile, body)
    last = max(body["citations"], key=lambda citation: citation["end"])
    assert last["quote"]["exact"] == "You’re then fit 👩‍⚕️ again."
    # 😀 stands before it twice, once in each section, and 👩 within it.
    assert last["utf16"] == [last["start"] + 2, last["end"] + 3]


def test_no_answer_is_a_200_that_says_why(client: Any) -> None:
    body = ask(client, "?!")
    assert (body["status"], body["answers"], body["citations"]) == ("abstained", [], [])
    assert body["abstention"]["reason"] == "not_a_question"
    assert body["abstention"]["message"]
    body = ask(client, "zzz qqq xxx")
    assert body["status"] == "abstained"
    for place in body["abstention"]["nearest"]:
        assert set(place) == {"doc_id", "title", "section"}


def test_history_is_what_a_follow_up_question_refers_to(client: Any) -> None:
    body = ask(client, "And the risks?", history=["What happens in a mitral valve repair?"])
    assert body["interpreted_as"]["doc_id"] == "heart/mitral"
    assert body["interpreted_as"]["from_history"] is True


def test_filters_and_max_answers_bound_the_answers(client: Any) -> None:
    body = ask(client, STAY, filters={"doc_id": ["heart/aortic"]}, max_answers=1, passages=50)
    assert len(body["answers"]) == 1
    assert {passage["doc_id"] for passage in body["passages"]} == {"heart/aortic"}
    body = ask(client, STAY, filters={"section": ["Recovery"]}, passages=50)
    assert {passage["section"] for passage in body["passages"]} == {"Recovery"}
    assert ask(client, STAY, filters=None, history=None)["passages"] == []


def test_search_gives_passages_of_the_pages_best_first(client: Any) -> None:
    body = client.post("/v1/search", json={"question": "stroke after mitral valve repair", "top_k": 4}).json()
    assert set(body) == {"hits", "index", "tokens"}
    hits = body["hits"]
    assert len(hits) == 4
    assert hits[0]["doc_id"] == "heart/mitral"
    assert [hit["score"] for hit in hits] == sorted((hit["score"] for hit in hits), reverse=True)
    for hit in hits:
        assert set(hit) == PASSAGE_KEYS
        document = client.get(f"/v1/documents/{hit['doc_id']}").json()
        assert document["text"][hit["start"] : hit["end"]] == hit["text"]


def test_search_packs_passages_into_a_budget(client: Any) -> None:
    question = {"question": "stroke after mitral valve repair"}
    everything = client.post("/v1/search", json=question).json()["hits"]
    sizes = {hit["passage_id"]: count_tiktoken(hit["text"]) for hit in everything}
    assert len(everything) == 10
    smallest = min(sizes.values())
    for budget in (1, smallest, 30, 60, 100_000):
        packed = client.post("/v1/search", json={**question, "max_tokens": budget}).json()
        # Best first, each passage that fits into what the better ones left.
        left, fitting = budget, []
        for hit in everything:
            if sizes[hit["passage_id"]] <= left:
                left -= sizes[hit["passage_id"]]
                fitting.append(hit)
        assert packed["hits"] == fitting
        assert packed["tokens"] == budget - left
    assert client.post("/v1/search", json={**question, "max_tokens": 30, "top_k": 1}).json()["hits"] == everything[:1]


@pytest.mark.parametrize("model", [AskRequest, SearchRequest, AskResponse])
def test_openapi_has_valid_examples(client: Any, model: type[BaseModel]) -> None:
    assert client.get("/openapi.json").json()["components"]["schemas"][model.__name__]["examples"]
    for example in model.model_json_schema()["examples"]:
        assert model.model_validate_json(json.dumps(example))


@pytest.mark.parametrize("example", AskRequest.model_json_schema()["examples"])
def test_the_examples_of_questions_are_answered(client: Any, example: dict[str, Any]) -> None:
    assert_verbatim(client, ask(client, **example))
