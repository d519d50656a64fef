"""A question as clients send it -> the answer or the passages as clients get them, for every door that has them."""

from __future__ import annotations

from procqa.engine import Engine
from procqa.service.pool import EnginePool
from procqa.service.requests import AskRequest, SearchRequest
from procqa.service.responses import AskResponse, SearchResponse


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


async def search(pool: EnginePool, request: SearchRequest) -> SearchResponse:
    """Search the engine. Raises as `answer` does."""

    def work(engine: Engine) -> SearchResponse:
        hits = engine.search(
            request.question, filters=request.engine_filters(), top_k=request.top_k, max_tokens=request.max_tokens
        )
        return SearchResponse.of(hits, engine.info)

    return await pool.run(work)
