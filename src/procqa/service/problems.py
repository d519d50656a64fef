"""Errors as RFC 9457 problem details: one table of kinds, one table that maps exceptions to them.

The words of an exception never leave the service: a client gets the fixed sentences of the kind.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.types import Scope

from procqa.errors import ModelError, ProcqaError, QuestionError, SnapshotError
from procqa.service.kinds import (
    BODY_TOO_LARGE,
    INDEX_UNAVAILABLE,
    INTERNAL_ERROR,
    INVALID_REQUEST,
    MALFORMED_BODY,
    METHOD_NOT_ALLOWED,
    NOT_FOUND,
    OVERLOADED,
    STATE_UNAVAILABLE,
    UNSUPPORTED_MEDIA_TYPE,
    Kind,
)
from procqa.service.request_id import HEADER, request_id
from procqa.service.sqlite_file import StateError

logger = logging.getLogger(__name__)
MEDIA_TYPE = "application/problem+json"
_TOLD = "problem"
# A field's name can be the client's own words, so only the beginning of it is repeated.
LONGEST_FIELD = 100
# A body can hold thousands of unknown fields.
MOST_FIELDS = 100
# Addresses at which clients of the OpenAI API look for an `error`.
CHAT_DOORS = ("/v1/chat/", "/v1/models")


class ServiceError(ProcqaError):
    """A request that cannot be served, for a reason that is one of the kinds; `headers` go with the response."""

    def __init__(self, kind: Kind, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(kind.detail)
        self.kind = kind
        self.headers = headers or {}


# The nearest ancestor of an exception decides.
_BY_EXCEPTION: Mapping[type[Exception], Kind] = {
    RequestValidationError: INVALID_REQUEST,
    QuestionError: INVALID_REQUEST,
    SnapshotError: INDEX_UNAVAILABLE,
    ModelError: INDEX_UNAVAILABLE,
    StateError: STATE_UNAVAILABLE,
    Exception: INTERNAL_ERROR,
}
_BY_STATUS: Mapping[int, Kind] = {
    400: MALFORMED_BODY,
    404: NOT_FOUND,
    405: METHOD_NOT_ALLOWED,
    413: BODY_TOO_LARGE,
    415: UNSUPPORTED_MEDIA_TYPE,
    429: OVERLOADED,
}


class FieldError(BaseModel):
    """A field that is wrong, by its path in the request, and why."""

    field: str
    message: str


class ChatError(BaseModel):
    """A problem as clients of the OpenAI API read it."""

    message: str
    type: str
    code: str
    param: None = None


class Problem(BaseModel):
    """Problem details as of RFC 9457; `code` is stable and `request_id` finds the request in the service's log."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str
    request_id: str
    errors: list[FieldError] | None = Field(default=None, description="Only with the code invalid_request.")
    error: ChatError | None = Field(default=None, description="The same for clients of the OpenAI API, at their doors.")


def kind_of(error: Exception) -> Kind:
    """The kind of problem that an exception is told as."""
    if isinstance(error, ServiceError):
        return error.kind
    if isinstance(error, HTTPException):
        return _BY_STATUS.get(error.status_code, INTERNAL_ERROR)
    return next(_BY_EXCEPTION[ancestor] for ancestor in type(error).__mro__ if ancestor in _BY_EXCEPTION)


def problem_of(request: Request, error: Exception) -> Problem:
    """The problem that tells an exception; a failure of the service's own is logged here, once."""
    kind = kind_of(error)
    identity = request_id(request.scope)
    request.scope["state"][_TOLD] = kind.code
    if kind.status >= 500 and not isinstance(error, ServiceError):
        # Only the words of our own errors are known to hold no question.
        told = error if isinstance(error, ProcqaError) else type(error).__name__
        logger.error("Request %s failed: %s at\n%s", identity, told, where(error))
    return Problem(
        type=kind.type,
        title=kind.title,
        status=kind.status,
        detail=kind.detail,
        instance=quote(request.scope["path"]),
        code=kind.code,
        request_id=identity,
        errors=_field_errors(error),
        error=_chat_error(kind) if request.scope["path"].startswith(CHAT_DOORS) else None,
    )


async def problem_response(request: Request, error: Exception) -> JSONResponse:
    """The response that tells an exception."""
    kind = kind_of(error)
    problem = problem_of(request, error)
    headers = dict(error.headers or {}) if isinstance(error, HTTPException | ServiceError) else {}
    if kind.retry_after is not None:
        headers.setdefault("Retry-After", str(kind.retry_after))
    headers["Cache-Control"] = "no-store"
    # The handler of last resort stands outside the middleware that adds this header to every other response.
    headers[HEADER] = problem.request_id
    return JSONResponse(problem.model_dump(exclude_none=True), kind.status, headers, MEDIA_TYPE)


def where(error: BaseException) -> str:
    """The lines of code that an exception passed through: its own words, and those of its causes, are left out."""
    return "".join(traceback.format_tb(error.__traceback__)).rstrip()


def problem_told(scope: Scope) -> str | None:
    """The code of the problem that a request was answered with, if any."""
    code: str | None = scope["state"].get(_TOLD)
    return code


def add_problem_handlers(app: FastAPI) -> None:
    """Answer every exception of an application with a problem."""
    for error in (HTTPException, RequestValidationError, ProcqaError, Exception):
        app.add_exception_handler(error, problem_response)


def _chat_error(kind: Kind) -> ChatError:
    return ChatError(message=kind.detail, type=kind.code, code=kind.code)


def _field_errors(error: Exception) -> list[FieldError] | None:
    if isinstance(error, RequestValidationError):
        return [_field_error(item) for item in error.errors()[:MOST_FIELDS]]
    if isinstance(error, QuestionError):
        return [FieldError(field="question", message="The question or its filters cannot be understood")]
    return None


def _field_error(item: Mapping[str, Any]) -> FieldError:
    if item["type"] == "json_invalid":
        return FieldError(field="body", message=f"JSON decode error at character {item['loc'][-1]}")
    return FieldError(field=_field(item["loc"]), message=item["msg"])


def _field(location: Sequence[str | int]) -> str:
    """("body", "filters", "doc_id", 0) as `filters.doc_id.0`."""
    parts = [str(part) for part in (location[1:] if location[:1] == ("body",) else location)]
    return ".".join(parts)[:LONGEST_FIELD] or "body"
