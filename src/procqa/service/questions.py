"""The doors that take questions: ask, ask:batch and search."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Header, Request, Response

from procqa.service import asking
from procqa.service.dependencies import ASKED, JSON_BODY, Pool
from procqa.service.events import EVENT_SCHEMA, MEDIA_TYPE, answer_events, wants_events
from procqa.service.rates import RateCheck
from procqa.service.request_id import request_id
from procqa.service.requests import AskRequest, BatchRequest, SearchRequest
from procqa.service.responses import AskResponse, BatchResponse, SearchResponse

_STREAM = """\
event: meta
data: {"request_id": "5c1f...", "heartbeat_seconds": 2.0}

event: passages
data: []

event: answer
data: {"id": "4f0c...", "status": "answered", "answers": ["..."], "citations": ["..."]}

event: done
data: {}

"""
_ANSWERED: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The answer; as events `meta`, `passages`, `answer`, then `done` or `error` (a problem), with "
        "a comment as a heartbeat now and then, when `Accept: text/event-stream` is sent.",
        "content": {MEDIA_TYPE: {"itemSchema": EVENT_SCHEMA, "example": _STREAM}},
    }
}

router = APIRouter(tags=["questions"])


@router.post(
    "/v1/ask",
    response_model=AskResponse,
    responses=ASKED | _ANSWERED,
    dependencies=[JSON_BODY],
    summary="Ask a question",
)
async def ask(
    body: AskRequest, pool: Pool, request: Request, accept: Annotated[str, Header(include_in_schema=False)] = ""
) -> AskResponse | Response:
    """Answer a question in the words of the pages, with citations, or say why there is no answer."""
    if not wants_events(accept):
        return await asking.answer(pool, body)
    # What is known before the stream begins is told by its status.
    pool.engine  # noqa: B018 - raises while there is none
    return answer_events(request, request_id(request.scope), lambda: asking.answer(pool, body))


@router.post("/v1/ask:batch", responses=ASKED, dependencies=[JSON_BODY], summary="Ask several questions")
async def ask_batch(body: BatchRequest, pool: Pool, request: Request) -> BatchResponse:
    """Answer several questions, each on its own, in the order given.

    They are asked one after the other, so that one client's batch does not keep the others waiting; each counts as a
    request of its own.
    """
    rates: RateCheck = request.app.state.rates
    rates.charge(request, len(body.requests) - 1)
    return BatchResponse(results=[await asking.answer(pool, item) for item in body.requests])


@router.post("/v1/search", responses=ASKED, dependencies=[JSON_BODY], summary="Search for passages")
async def search(body: SearchRequest, pool: Pool) -> SearchResponse:
    """The passages that fit a question best, best first, packed into a budget of tokens if one is given."""
    return await asking.search(pool, body)
