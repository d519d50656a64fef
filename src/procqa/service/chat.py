"""The doors for clients of the OpenAI API."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse
from fastapi.sse import format_sse_event
from starlette.concurrency import run_in_threadpool

from procqa.passages import count_tiktoken
from procqa.service import kinds
from procqa.service.asking import answer
from procqa.service.caching import NOT_MODIFIED, json_response, tagged
from procqa.service.chat_bodies import (
    MODEL,
    ChatChunk,
    ChatRequest,
    ChatResponse,
    Choice,
    ChunkChoice,
    Delta,
    Model,
    ModelList,
    Usage,
)
from procqa.service.chat_message import message_of
from procqa.service.dependencies import ASKED, CHECKED, JSON_BODY, UNREADY, Pool
from procqa.service.events import EVENT_SCHEMA, HEADERS, MEDIA_TYPE, beating
from procqa.service.pool import EnginePool
from procqa.service.problem_docs import documented
from procqa.service.problems import ServiceError, problem_of
from procqa.service.request_id import request_id

_streamed: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The answer; with `stream` in chunks, as server-sent events that end with `[DONE]`.",
        "content": {MEDIA_TYPE: {"itemSchema": EVENT_SCHEMA, "example": "data: {...}\n\ndata: [DONE]\n\n"}},
    }
}
_unknown = documented(kinds.MODEL_NOT_FOUND)

router = APIRouter(tags=["chat"])


@router.post(
    "/v1/chat/completions",
    response_model=ChatResponse,
    responses={**ASKED, **_unknown, **_streamed},
    dependencies=[JSON_BODY],
    summary="Answer the last question of a conversation",
)
async def complete(body: ChatRequest, pool: Pool, request: Request) -> ChatResponse | Response:
    """Answer in the words of the pages, as a chat completion; citations are annotations, and under `procqa`."""
    _check_model(body.model)
    if not body.stream:
        return await _completion(body, pool, request)
    pool.engine  # noqa: B018 - raises while there is none, so that the status tells it
    return StreamingResponse(_chunks(body, pool, request), media_type=MEDIA_TYPE, headers=dict(HEADERS))


@router.get("/v1/models", response_model=ModelList, responses=UNREADY | NOT_MODIFIED, summary="List the models")
async def list_models(pool: Pool, request: Request) -> Response:
    """The one model: these pages."""
    version = pool.engine.info.version
    return tagged(request, version, lambda: json_response(ModelList(data=[_model(pool)])))


@router.get(
    "/v1/models/{model}",
    response_model=Model,
    responses=CHECKED | UNREADY | NOT_MODIFIED | _unknown,
    summary="Tell of a model",
)
async def get_model(model: str, pool: Pool, request: Request) -> Response:
    """The one model, by its name."""
    _check_model(model)
    return tagged(request, pool.engine.info.version, lambda: json_response(_model(pool)))


async def _completion(body: ChatRequest, pool: EnginePool, request: Request) -> ChatResponse:
    told = await answer(pool, body.question())
    message = message_of(told, str(request.base_url).rstrip("/"))
    return ChatResponse(
        id=_completion_id(request),
        created=int(time.time()),
        choices=[Choice(message=message)],
        usage=await run_in_threadpool(_usage, body, message.content),
        procqa=told,
    )


async def _chunks(body: ChatRequest, pool: EnginePool, request: Request) -> AsyncIterator[bytes]:
    """The role at once, the words when they are there, and the rest; a failure is an `error`, as clients know it."""
    identity, created = _completion_id(request), int(time.time())

    def chunk(delta: Delta, **fields: object) -> bytes:
        choice = ChunkChoice(delta=delta, finish_reason="stop" if fields else None)
        told = ChatChunk.model_validate({"id": identity, "created": created, "choices": [choice], **fields})
        return _event(told.model_dump_json())

    def words(whole: ChatResponse) -> list[bytes]:
        message = whole.choices[0].message
        lines = message.content.splitlines(keepends=True)
        events = [chunk(Delta(content=line)) for line in lines]
        events.append(chunk(Delta(annotations=message.annotations), procqa=whole.procqa))
        if body.stream_options and body.stream_options.include_usage:
            usage = ChatChunk(id=identity, created=created, choices=[], usage=whole.usage)
            events.append(_event(usage.model_dump_json()))
        return [*events, _event("[DONE]")]

    yield chunk(Delta(role="assistant", content=""))
    try:
        async for event in beating(lambda: _completion(body, pool, request), words):
            yield event
    except Exception as error:  # noqa: BLE001 - told as a problem, and logged there, as everywhere
        yield _event(problem_of(request, error).model_dump_json())


def _check_model(name: str) -> None:
    if name != MODEL:
        raise ServiceError(kinds.MODEL_NOT_FOUND)


def _model(pool: EnginePool) -> Model:
    return Model(created=int(datetime.fromisoformat(pool.engine.info.built_at).timestamp()))


def _usage(body: ChatRequest, content: str) -> Usage:
    asked = body.question()
    prompt = sum(count_tiktoken(text) for text in (*(asked.history or ()), asked.question))
    completion = count_tiktoken(content)
    return Usage(prompt_tokens=prompt, completion_tokens=completion, total_tokens=prompt + completion)


def _completion_id(request: Request) -> str:
    return f"chatcmpl-{request_id(request.scope)}"


def _event(data: str) -> bytes:
    return format_sse_event(data_str=data)
