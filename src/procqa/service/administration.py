"""The doors of those who run the service: metrics, and the removal of kept questions."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import BaseModel, ConfigDict
from starlette.concurrency import run_in_threadpool

from procqa.service import kinds
from procqa.service.dependencies import CHECKED
from procqa.service.kept import KeptQuestions
from procqa.service.metrics import Metrics
from procqa.service.problem_docs import documented
from procqa.service.problems import ServiceError

AnswerId = Annotated[str, Path(pattern="^[0-9a-f]{32}$", description="The `id` of the answer.")]

router = APIRouter(tags=["service"])


class Removed(BaseModel):
    """How many questions were removed."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"removed": 12}]})

    removed: int


@router.get("/metrics", response_class=Response, summary="Read the metrics")
async def read_metrics(request: Request) -> Response:
    """Counts and times, in the text format of Prometheus; no word of any question is among them."""
    metrics: Metrics = request.app.state.metrics
    return Response(metrics.text(), media_type=CONTENT_TYPE_LATEST)


@router.delete("/v1/questions", summary="Remove all kept questions", responses=documented(kinds.STATE_UNAVAILABLE))
async def remove_questions(request: Request) -> Removed:
    """Remove every question that the service keeps, from the disk too, and every reply that it remembers."""
    request.app.state.pool.remembered.forget()
    return Removed(removed=await run_in_threadpool(_kept(request).remove_all))


@router.delete(
    "/v1/questions/{answer_id}",
    status_code=204,
    summary="Remove a kept question",
    responses=CHECKED | documented(kinds.QUESTION_NOT_KEPT, kinds.STATE_UNAVAILABLE),
)
async def remove_question(answer_id: AnswerId, request: Request) -> None:
    """Remove the question that an answer was given to, and what is kept of the outcome."""
    request.app.state.pool.remembered.forget()
    if not await run_in_threadpool(_kept(request).remove, answer_id):
        raise ServiceError(kinds.QUESTION_NOT_KEPT)


def _kept(request: Request) -> KeptQuestions:
    kept: KeptQuestions = request.app.state.kept
    return kept
