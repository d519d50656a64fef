"""The door for what people think of answers."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from procqa.service import kinds
from procqa.service.dependencies import CHECKED, JSON_BODY, REFUSED
from procqa.service.feedback_store import Feedback, FeedbackStore, now
from procqa.service.problem_docs import documented
from procqa.service.problems import ServiceError
from procqa.service.recent import RecentAnswers
from procqa.service.requests import MOST_HISTORY, QuestionText
from procqa.service.responses import Body

LONGEST_COMMENT = 2000
_SAID = ("rating", "reason", "comment", "question", "history")
_EXAMPLE_ID = "4f0c6a52d7b1409c8a3e2f5b9d816e07"


class FeedbackReason(StrEnum):
    """What was wrong with an answer, or with there being none."""

    WRONG_PROCEDURE = "wrong_procedure"
    WRONG_SECTION = "wrong_section"
    NOT_AN_ANSWER = "not_an_answer"
    INCOMPLETE = "incomplete"
    OUTDATED = "outdated"
    HARD_TO_UNDERSTAND = "hard_to_understand"
    SHOULD_HAVE_ANSWERED = "should_have_answered"
    SHOULD_NOT_HAVE_ANSWERED = "should_not_have_answered"
    OTHER = "other"


AnswerId = Annotated[str, Field(pattern="^[0-9a-f]{32}$", description="The `id` of the answer.")]


class FeedbackRequest(BaseModel):
    """What somebody thinks of an answer. Words are kept only where the operator of the service keeps questions."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"id": _EXAMPLE_ID, "rating": "up"},
                {"id": _EXAMPLE_ID, "rating": "down", "reason": "incomplete", "comment": "The second step is missing."},
            ]
        },
    )

    id: AnswerId
    rating: Literal["up", "down"]
    reason: FeedbackReason | None = None
    comment: str | None = Field(default=None, max_length=LONGEST_COMMENT)
    question: QuestionText | None = Field(default=None, description="What was asked, if the asker agrees to send it.")
    history: Annotated[list[QuestionText], Field(max_length=MOST_HISTORY)] = Field(
        default=[], description="The questions before it, oldest first."
    )


class FeedbackResponse(Body):
    """What was kept of it; words that were sent but are not named here were thrown away."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"id": _EXAMPLE_ID, "kept": ["rating", "reason"]}]})

    id: str
    kept: list[str]


def feedback_store(request: Request) -> FeedbackStore:
    """The store of the running application."""
    store: FeedbackStore = request.app.state.feedback
    return store


def recent_answers(request: Request) -> RecentAnswers:
    """What the running application answered lately."""
    recent: RecentAnswers = request.app.state.recent
    return recent


Store = Annotated[FeedbackStore, Depends(feedback_store)]
Recent = Annotated[RecentAnswers, Depends(recent_answers)]
_kept = CHECKED | REFUSED | documented(kinds.STATE_UNAVAILABLE)
_found = CHECKED | documented(kinds.STATE_UNAVAILABLE, kinds.FEEDBACK_NOT_FOUND)

router = APIRouter(tags=["feedback"])


@router.post("/v1/feedback", responses=_kept, dependencies=[JSON_BODY], summary="Say whether an answer was right")
async def give_feedback(body: FeedbackRequest, store: Store, recent: Recent) -> FeedbackResponse:
    """Rate an answer by its id. A later rating of the same answer takes the place of the earlier one."""
    feedback = Feedback(
        id=body.id,
        at=now(),
        rating=body.rating,
        reason=body.reason,
        comment=body.comment,
        question=body.question,
        history=tuple(body.history),
        given=recent.get(body.id),
    )
    kept = await run_in_threadpool(store.add, feedback)
    return FeedbackResponse(id=body.id, kept=[name for name in _SAID if getattr(kept, name)])


@router.delete("/v1/feedback/{answer_id}", status_code=204, responses=_found, summary="Remove feedback")
async def remove_feedback(answer_id: Annotated[AnswerId, Path()], store: Store) -> None:
    """Remove what was said of an answer, words and rating."""
    if not await run_in_threadpool(store.remove, answer_id):
        raise ServiceError(kinds.FEEDBACK_NOT_FOUND)
