"""Every error is a problem with a stable code, and none of them tells a secret."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from procqa.engine import Engine
from procqa.errors import ModelError, ProcqaError, QuestionError, SnapshotError
from procqa.service.app import create_app
from procqa.service.body_limit import MOST_BYTES
from procqa.service.kinds import KINDS
from procqa.service.problems import kind_of
from procqa.service.request_id import accepted
from procqa.service.requests import is_worded

SECRET = "my secret illness"
JSON = {"content-type": "application/json"}
REQUIRED = {"type", "title", "status", "detail", "instance", "code", "request_id"}


def assert_problem(response: Any, status: int, code: str) -> dict[str, Any]:
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = response.json()
    assert set(problem) - {"errors"} == REQUIRED
    assert ("errors" in problem) == (status == 422)
    assert (problem["status"], problem["code"], problem["type"]) == (status, code, f"/problems/{code}")
    assert problem["request_id"] == response.headers["x-request-id"]
    assert SECRET not in response.text
    return problem


def fields_of(problem: dict[str, Any]) -> list[str]:
    assert all(set(error) == {"field", "message"} and error["message"] for error in problem["errors"])
    return [error["field"] for error in problem["errors"]]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"question": ""}, "question"),
        ({"question": " \n\t"}, "question"),
        ({"question": SECRET * 1000}, "question"),
        ({"question": [SECRET]}, "question"),
        ({"question": None}, "question"),
        ({"history": SECRET}, "history"),
        ({"history": [SECRET, ""]}, "history.1"),
        ({"history": [SECRET * 1000]}, "history.0"),
        ({"history": [SECRET] * 21}, "history"),
        ({"filters": {"doc_id": SECRET}}, "filters.doc_id"),
        ({"filters": {"section": [1]}}, "filters.section.0"),
        ({"filters": {"doc_id": ["x" * 4096, "x" * 4097]}}, "filters.doc_id.1"),
        ({"filters": {"title": [SECRET]}}, "filters.title"),
        ({"max_answers": 0}, "max_answers"),
        ({"max_answers": 11}, "max_answers"),
        ({"max_answers": "3"}, "max_answers"),
        ({"max_answers": True}, "max_answers"),
        ({"passages": -1}, "passages"),
        ({"passages": 51}, "passages"),
        ({"colour": SECRET}, "colour"),
    ],
)
def test_a_wrong_field_of_a_question_is_named(client: Any, change: dict[str, Any], field: str) -> None:
    response = client.post("/v1/ask", json={"question": SECRET, **change})
    problem = assert_problem(response, 422, "invalid_request")
    assert fields_of(problem) == [field]
    assert problem["instance"] == "/v1/ask"


@pytest.mark.parametrize("blank", [" ", "\u001d", "\u0085", "\ufeff", "\u2003\n"])
def test_what_anybody_takes_for_white_space_is_no_question(client: Any, blank: str) -> None:
    for body, field in (({"question": blank}, "question"), ({"question": "why?", "history": [blank]}, "history.0")):
        response = client.post("/v1/ask", json=body)
        assert fields_of(assert_problem(response, 422, "invalid_request")) == [field]
    pattern = client.get("/openapi.json").json()["components"]["schemas"]["AskRequest"]["properties"]["question"][
        "pattern"
    ]
    assert not re.search(pattern, blank)
    assert re.search(pattern, "why?")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"top_k": 0}, "top_k"),
        ({"top_k": 51}, "top_k"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_tokens": 100_001}, "max_tokens"),
        ({"history": [SECRET]}, "history"),
    ],
)
def test_a_wrong_field_of_a_search_is_named(client: Any, change: dict[str, Any], field: str) -> None:
    response = client.post("/v1/search", json={"question": SECRET, **change})
    assert fields_of(assert_problem(response, 422, "invalid_request")) == [field]


@pytest.mark.parametrize("size", [(1, 10, 50), (4000, 1, 0)])
def test_the_limits_themselves_are_allowed(client: Any, size: tuple[int, int, int]) -> None:
    length, answers, passages = size
    asked = {"question": "x" * length, "history": ["y" * length] * 20, "max_answers": answers, "passages": passages}
    assert client.post("/v1/ask", json=asked).status_code == 200


def test_characters_are_counted_as_they_are_sent(client: Any) -> None:
    # Each of these letters is three in the form that is read.
    assert client.post("/v1/ask", json={"question": "\ufb2c" * 4000}).status_code == 200


def test_every_wrong_field_is_named_at_once(client: Any) -> None:
    response = client.post("/v1/ask", json={"max_answers": 99, "x": 1, "y": 2})
    fields = fields_of(assert_problem(response, 422, "invalid_request"))
    assert sorted(fields) == ["max_answers", "question", "x", "y"]


def test_thousands_of_unknown_fields_make_a_short_answer(client: Any) -> None:
    response = client.post("/v1/ask", json={"question": SECRET, **{f"{n}" * 50: 1 for n in range(900)}})
    fields = fields_of(assert_problem(response, 422, "invalid_request"))
    assert len(fields) == 100
    assert max(map(len, fields)) <= 100


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b'{"question": "my secret illness', "body"),
        (b"", "body"),
        (b"[]", "body"),
        (b'"my secret illness"', "body"),
        (b'{"question": "\\ud83d my secret illness"}', "question"),
        (b'{"question": "a", "filters": {"\\ud83d my secret illness": 1}}', "filters"),
        (b'{"question": NaN}', "question"),
    ],
)
def test_json_of_another_form_is_refused(client: Any, body: bytes, field: str) -> None:
    problem = assert_problem(client.post("/v1/ask", content=body, headers=JSON), 422, "invalid_request")
    assert fields_of(problem) == [field]


@pytest.mark.parametrize("body", [b'{"question": "\xff"}', b"[" * 100_000, b'{"max_answers": ' + b"9" * 5000 + b"}"])
def test_a_body_that_no_parser_takes_is_malformed(client: Any, body: bytes) -> None:
    assert_problem(client.post("/v1/ask", content=body, headers=JSON), 400, "malformed_body")


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "", "application/jsonx"])
def test_a_body_of_another_kind_is_refused(client: Any, kind: str) -> None:
    response = client.post("/v1/ask", content=json.dumps({"question": SECRET}), headers={"content-type": kind})
    assert_problem(response, 415, "unsupported_media_type")


def test_the_kind_of_a_body_may_have_parameters(client: Any) -> None:
    headers = {"content-type": "Application/JSON; charset=utf-8"}
    assert client.post("/v1/ask", content=b'{"question": "a"}', headers=headers).status_code == 200


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
FIELDS = ["question", "history", "filters", "max_answers", "passages", "top_k", "max_tokens"]


@given(st.sampled_from(["ask", "search"]), st.dictionaries(st.sampled_from(FIELDS) | st.text(), ANY_JSON, max_size=4))
@settings(max_examples=150, deadline=None)
def test_any_json_is_answered_or_refused(client: Any, door: str, body: dict[str, Any]) -> None:
    response = client.post(f"/v1/{door}", content=json.dumps(body), headers=JSON)
    assert response.status_code in {200, 422}, response.text


@given(st.text(min_size=1, max_size=200), st.lists(st.text(min_size=1), max_size=3))
@settings(max_examples=100, deadline=None)
def test_any_words_are_answered_or_refused(client: Any, question: str, history: list[str]) -> None:
    response = client.post("/v1/ask", json={"question": question, "history": history, "passages": 3})
    assert response.status_code == (200 if all(map(is_worded, [question, *history])) else 422)
    response.json()


def padded(size: int) -> bytes:
    body = b'{"question": "a"}'
    return body + b" " * (size - len(body))


async def chunks(size: int) -> AsyncIterator[bytes]:
    body = padded(size)
    for start in range(0, size, 10_000):
        yield body[start : start + 10_000]


@pytest.mark.parametrize("content", [padded, chunks], ids=["declared", "chunked"])
def test_a_body_may_have_256_kib_and_no_more(client: Any, content: Any) -> None:
    assert client.post("/v1/ask", content=content(MOST_BYTES), headers=JSON).status_code == 200
    response = client.post("/v1/ask", content=content(MOST_BYTES + 1), headers=JSON)
    problem = assert_problem(response, 413, "body_too_large")
    assert "256 KiB" in problem["detail"]


def test_a_declared_length_is_enough_to_refuse(client: Any) -> None:
    response = client.post("/v1/ask", content=b"{}", headers={**JSON, "content-length": "9" * 5000})
    assert_problem(response, 413, "body_too_large")


def test_unknown_addresses_documents_and_methods_are_told_apart(client: Any) -> None:
    assert_problem(client.get("/nowhere/é"), 404, "not_found")
    assert_problem(client.get("/problems/nothing"), 404, "not_found")
    assert_problem(client.get("/v1/documents/heart"), 404, "document_not_found")
    assert_problem(client.get("/documents/heart/../none"), 404, "document_not_found")
    response = client.get("/v1/ask")
    assert_problem(response, 405, "method_not_allowed")
    assert response.headers["allow"] == "POST"


@pytest.mark.parametrize(
    ("url", "field"),
    [
        ("/v1/documents?limit=0", "query.limit"),
        ("/v1/documents?limit=501", "query.limit"),
        ("/v1/documents?limit=1_0", "query.limit"),
        ("/v1/titles?q=knee&limit=%201", "query.limit"),
        ("/documents/knee?start=%2B1&end=2", "query.start"),
        ("/v1/documents?cursor=" + "a" * 5000, "query.cursor"),
        ("/documents/knee?start=x&end=2", "query.start"),
        ("/documents/knee?start=1&end=-2", "query.end"),
    ],
)
def test_a_wrong_parameter_is_named(client: Any, url: str, field: str) -> None:
    assert fields_of(assert_problem(client.get(url), 422, "invalid_request")) == [field]


class FailingEngine:
    """An engine whose every question fails in one way."""

    def __init__(self, engine: Engine, error: Exception) -> None:
        self.info = engine.info
        self.error = error

    def ask(self, *args: Any, **options: Any) -> None:
        raise self.error

    def close(self) -> None:
        pass


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (RuntimeError(f"{SECRET} in /srv/index"), 500, "internal_error"),
        (ProcqaError(f"{SECRET} in /srv/index"), 500, "internal_error"),
        (SnapshotError(f"{SECRET} in /srv/index"), 503, "index_unavailable"),
        (ModelError(f"{SECRET} in /srv/index"), 503, "index_unavailable"),
        (QuestionError(f"{SECRET} in /srv/index"), 422, "invalid_request"),
    ],
)
def test_a_failure_inside_keeps_its_words_to_itself(
    engine: Engine, serve: Any, error: Exception, status: int, code: str
) -> None:
    failing: Any = FailingEngine(engine, error)
    with serve(create_app(lambda: failing)) as client:
        client.wait_until_loaded()
        response = client.post("/v1/ask", json={"question": SECRET}, headers={"x-request-id": "mine-1"})
        assert_problem(response, status, code)
        assert response.headers.get_list("x-request-id") == ["mine-1"]
        assert "/srv" not in response.text
        assert "Traceback" not in response.text


def test_a_new_kind_of_error_is_told_as_its_nearest_ancestor() -> None:
    class LaterError(SnapshotError):
        pass

    assert kind_of(LaterError("x")).code == "index_unavailable"
    assert kind_of(KeyError("x")).code == "internal_error"


@given(st.from_regex(r"[A-Za-z0-9._-]{1,64}", fullmatch=True))
def test_a_plain_request_id_is_kept(token: str) -> None:
    assert accepted(token) == token


@pytest.mark.parametrize("given_id", ["a b", "a" * 65, "é".encode(), "a\tb", "<script>", ""])
def test_another_request_id_is_replaced(client: Any, given_id: str | bytes) -> None:
    first = client.get("/healthz", headers={"x-request-id": given_id}).headers["x-request-id"]
    second = client.get("/healthz", headers={"x-request-id": given_id}).headers["x-request-id"]
    assert first != second
    assert len(first) == 32


@pytest.mark.parametrize("url", ["/healthz", "/", "/v1/index", "/documents/knee", "/openapi.json"])
def test_every_response_carries_the_request_id(client: Any, url: str) -> None:
    assert client.get(url, headers={"x-request-id": "Abc.1-2_3"}).headers["x-request-id"] == "Abc.1-2_3"


@pytest.mark.parametrize("code", KINDS)
def test_the_type_of_a_problem_is_a_page_that_explains_it(client: Any, code: str) -> None:
    page = client.get(KINDS[code].type)
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    assert code in page.text


def test_openapi_tells_problems_as_problems(client: Any) -> None:
    schema = client.get("/openapi.json").json()
    assert "HTTPValidationError" not in json.dumps(schema)
    ask = schema["paths"]["/v1/ask"]["post"]["responses"]
    assert {"200", "400", "413", "415", "422", "503"} <= set(ask)
    assert list(ask["422"]["content"]) == ["application/problem+json"]
    assert client.get("/openapi.json").json() == schema
    assert client.get("/docs").status_code == 404
