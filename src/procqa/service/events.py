"""Answers as server-sent events, for clients that ask for `text/event-stream`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, TypeVar

from fastapi import Request
from fastapi.responses import StreamingResponse
from fastapi.sse import KEEPALIVE_COMMENT, format_sse_event
from pydantic import BaseModel, Field, TypeAdapter

from procqa.service.problems import problem_of
from procqa.service.responses import AskResponse, PassageBody

MEDIA_TYPE = "text/event-stream"
# Well below what a request may take: a client soon knows whether an answer is still being made.
HEARTBEAT_SECONDS = 2.0
HEADERS: Mapping[str, str] = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}

# One event of a stream, as OpenAPI 3.2 describes them.
EVENT_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {"event": {"type": "string"}, "data": {"type": "string", "contentMediaType": "application/json"}},
}

T = TypeVar("T")
_PASSAGES = TypeAdapter(list[PassageBody])


class Meta(BaseModel):
    """The first event: who to name when something is wrong, and how often a silent stream says that it lives."""

    request_id: str
    heartbeat_seconds: float = Field(default_factory=lambda: HEARTBEAT_SECONDS)


def wants_events(accept: str) -> bool:
    """Whether an Accept header prefers events to JSON; the first named wins between equals."""
    ranked = []
    for place, part in enumerate(accept.split(",")):
        kind, *parameters = (piece.strip().lower() for piece in part.split(";"))
        if kind in {MEDIA_TYPE, "application/json"} and (quality := _quality(parameters)) > 0:
            ranked.append((-quality, place, kind))
    return bool(ranked) and min(ranked)[2] == MEDIA_TYPE


def event(name: str, data: str) -> bytes:
    """One event; `data` is JSON."""
    return format_sse_event(event=name, data_str=data)


async def beating(work: Callable[[], Awaitable[T]], told: Callable[[T], list[bytes]]) -> AsyncIterator[bytes]:
    """What `told` makes of the outcome of `work`, after a heartbeat now and then while it is awaited."""
    task = asyncio.ensure_future(work())
    try:
        while not (await asyncio.wait({task}, timeout=HEARTBEAT_SECONDS))[0]:
            yield KEEPALIVE_COMMENT
        for chunk in told(task.result()):
            yield chunk
    finally:
        task.cancel()  # nothing to do when it is done; when the client has gone, nobody waits for it


def answer_events(request: Request, request_id: str, work: Callable[[], Awaitable[AskResponse]]) -> StreamingResponse:
    """`meta` at once, then `passages` and `answer` and `done`, or `error` with a problem in place of what is missing.

    The status of the response was sent with `meta`, so the problem in `error` tells its own.
    """

    def told(answer: AskResponse) -> list[bytes]:
        passages = _PASSAGES.dump_json(answer.passages).decode()
        return [event("passages", passages), event("answer", answer.model_dump_json()), event("done", "{}")]

    async def stream() -> AsyncIterator[bytes]:
        yield event("meta", Meta(request_id=request_id).model_dump_json())
        try:
            async for chunk in beating(work, told):
                yield chunk
        except Exception as error:  # noqa: BLE001 - told as a problem, and logged there, as everywhere
            yield event("error", problem_of(request, error).model_dump_json(exclude_none=True))

    return StreamingResponse(stream(), media_type=MEDIA_TYPE, headers=dict(HEADERS))


def _quality(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0
