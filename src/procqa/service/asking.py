"""A question as clients send it -> the answer as clients get it, for every door that answers."""

from __future__ import annotations

from procqa.service.pool import EnginePool
from procqa.service.requests import AskRequest
from procqa.service.responses import AskResponse


async def answer(pool: EnginePool, request: AskRequest) -> AskResponse:
    """Ask the engine. Raises ServiceError while there is none or when too much waits, and what the engine raises."""
    reply = await pool.ask(
        request.question,
        history=request.history or (),
        filters=request.engine_filters(),
        max_answers=request.max_answers,
        passages=request.passages,
    )
    return AskResponse.of(reply)
