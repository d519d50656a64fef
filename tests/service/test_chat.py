"""The doors for clients of the OpenAI API, opened by the real client over a socket."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from openai import APIError, NotFoundError, OpenAI, UnprocessableEntityError

from procqa.engine import Engine
from procqa.passages import count_tiktoken
from procqa.service.app import create_app
from procqa.service.chat_bodies import ChatRequest, ModelList
from procqa.settings import Settings

STAY = "How long do I stay in hospital after a mitral valve repair?"
WORDS = "You stay in hospital for 3 days."


@pytest.fixture(scope="module")
def openai(live: str) -> Iterator[OpenAI]:
    with OpenAI(base_url=f"{live}/v1", api_key="any", max_retries=0) as client:
        yield client


def user(*texts: str) -> Any:
    return [{"role": "user", "content": text} for text in texts]


def test_the_client_lists_the_model_and_gets_it(openai: OpenAI) -> None:
    assert [model.id for model in openai.models.list()] == ["procqa"]
    assert openai.models.retrieve("procqa").created > 1_700_000_000
    with pytest.raises(NotFoundError) as raised:
        openai.models.retrieve("gpt-4o")
    assert raised.value.code == "model_not_found"


def test_an_answer_is_verbatim_and_cited(openai: OpenAI, live: str) -> None:
    completion = openai.chat.completions.create(model="procqa", messages=user(STAY), temperature=0.7, max_tokens=1)
    choice = completion.choices[0]
    assert choice.finish_reason == "stop"
    content, annotations = choice.message.content, choice.message.annotations
    assert content == f"{WORDS}\n\nSource: Mitral valve repair, Recovery"
    assert annotations is not None
    cited = annotations[0].url_citation
    assert content[cited.start_index : cited.end_index] == WORDS
    assert cited.url.startswith(f"{live}/documents/heart/mitral?start=")
    assert completion.usage is not None
    assert completion.usage.prompt_tokens == count_tiktoken(STAY)
    assert completion.usage.completion_tokens == count_tiktoken(content)
    whole: Any = completion.model_extra
    assert whole["procqa"]["answers"][0]["text"] == WORDS


def test_quotes_of_each_page_stand_above_its_source(openai: OpenAI) -> None:
    asked = "How long do I stay in hospital after mitral valve repair and what are the risks of aortic valve repair?"
    message = openai.chat.completions.create(model="procqa", messages=user(asked)).choices[0].message
    assert message.content is not None
    assert message.content.startswith(f"{WORDS}\n\nSource: Mitral valve repair, Recovery\n\nBleeding from the wound\n")
    assert message.content.endswith("\n\nSource: Aortic valve repair, Risks and Complications")
    quoted = [message.content[c.start_index : c.end_index] for c in (a.url_citation for a in message.annotations or [])]
    assert quoted[:2] == [WORDS, "Bleeding from the wound"]


def test_a_stream_holds_the_same_words_and_the_citations(openai: OpenAI) -> None:
    whole = openai.chat.completions.create(model="procqa", messages=user(STAY))
    chunks = list(
        openai.chat.completions.create(
            model="procqa", messages=user(STAY), stream=True, stream_options={"include_usage": True}
        )
    )
    assert {chunk.id for chunk in chunks} == {chunks[0].id}
    deltas = [choice.delta for chunk in chunks for choice in chunk.choices]
    assert deltas[0].role == "assistant"
    assert "".join(delta.content or "" for delta in deltas) == whole.choices[0].message.content
    finished = [chunk for chunk in chunks if chunk.choices and chunk.choices[0].finish_reason]
    assert len(finished) == 1
    told: Any = finished[0].model_extra
    assert told["procqa"]["citations"][0]["doc_id"] == "heart/mitral"
    assert chunks[-1].choices == []
    assert chunks[-1].usage == whole.usage


def test_earlier_questions_are_history_and_other_roles_are_not_read(openai: OpenAI) -> None:
    messages: Any = [
        {"role": "system", "content": "Answer as a pirate about the aortic valve."},
        {"role": "user", "content": "What happens in a mitral valve repair?"},
        {"role": "assistant", "content": "A surgeon mends the aortic valve."},
        {"role": "user", "content": [{"type": "text", "text": "And the risks?"}, {"type": "image_url"}]},
    ]
    told: Any = openai.chat.completions.create(model="procqa", messages=messages).model_extra
    meant = told["procqa"]["interpreted_as"]
    assert (meant["question"], meant["doc_id"], meant["from_history"]) == ("And the risks?", "heart/mitral", True)


def test_twins_are_named_with_an_answer_for_each(openai: OpenAI) -> None:
    completion = openai.chat.completions.create(model="procqa", messages=user("valve repair: how long in hospital?"))
    told: Any = completion.model_extra
    content = completion.choices[0].message.content
    assert content is not None
    assert told["procqa"]["status"] == "needs_clarification"
    assert content.startswith(told["procqa"]["clarification"]["message"])
    for answer in told["procqa"]["answers"]:
        assert answer["text"] in content
    annotations = completion.choices[0].message.annotations
    assert {note.url_citation.title for note in annotations or ()} == {"Aortic valve repair", "Mitral valve repair"}


def test_no_answer_is_said_in_words(openai: OpenAI) -> None:
    message = openai.chat.completions.create(model="procqa", messages=user("zzz qqq xxx")).choices[0].message
    assert message.content
    assert message.annotations == []


def test_overlong_and_blank_earlier_questions_are_left_out(openai: OpenAI) -> None:
    completion = openai.chat.completions.create(
        model="procqa", messages=user("x" * 5000, "\ufeff", "mitral valve", STAY)
    )
    assert completion.usage is not None
    assert completion.usage.prompt_tokens == count_tiktoken("mitral valve") + count_tiktoken(STAY)


@pytest.mark.parametrize(
    "change",
    [
        {"messages": user("x" * 4001)},
        {"messages": user("  ")},
        {"messages": user("\ufeff")},
        {"messages": [{"role": "system", "content": "Be kind."}]},
        {"messages": []},
        {"n": 2},
        {"n": True},
    ],
)
def test_what_cannot_be_answered_is_refused(openai: OpenAI, change: dict[str, Any]) -> None:
    with pytest.raises(UnprocessableEntityError) as raised:
        openai.chat.completions.create(**{"model": "procqa", "messages": user(STAY), **change})
    assert raised.value.code == "invalid_request"
    assert "xxxx" not in str(raised.value)


def test_another_model_is_not_found(openai: OpenAI) -> None:
    with pytest.raises(NotFoundError, match="GET /v1/models"):
        openai.chat.completions.create(model="gpt-4o", messages=user(STAY))


class FailingEngine:
    """An engine whose every question fails."""

    def __init__(self, engine: Engine) -> None:
        self.info = engine.info

    def ask(self, *args: Any, **options: Any) -> None:
        raise RuntimeError("secret words")

    def close(self) -> None:
        pass


def test_a_failure_within_a_stream_is_an_error_of_the_client(
    engine: Engine, settings: Settings, listen_to: Any
) -> None:
    failing: Any = FailingEngine(engine)
    with (
        listen_to(create_app(lambda: failing, settings)) as url,
        OpenAI(base_url=f"{url}/v1", api_key="any", max_retries=0) as client,
        pytest.raises(APIError, match=r"^The service failed on this request") as raised,
    ):
        list(client.chat.completions.create(model="procqa", messages=user(STAY), stream=True))
    assert raised.value.code == "internal_error"


def test_the_examples_are_valid_and_answered(client: Any) -> None:
    for example in ChatRequest.model_json_schema()["examples"]:
        response = client.post("/v1/chat/completions", json=example)
        assert response.status_code == 200
        assert response.headers["cache-control"] == "no-store"
    for example in ModelList.model_json_schema()["examples"]:
        ModelList.model_validate(example)
