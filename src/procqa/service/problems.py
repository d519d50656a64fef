"""Errors as RFC 9457 problem details: one table of kinds, one table that maps exceptions to them.

The words of an exception never leave the service: a client gets the fixed sentences of the kind.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from procqa.errors import ModelError, ProcqaError, QuestionError, SnapshotError
from procqa.service.body_limit import MOST_BYTES
from procqa.service.request_id import HEADER, request_id

logger = logging.getLogger(__name__)
MEDIA_TYPE = "application/problem+json"
# A field's name can be the client's own words, so only the beginning of it is repeated.
LONGEST_FIELD = 100
# A body can hold thousands of unknown fields.
MOST_FIELDS = 100


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of problem; `detail` says what to do, `retry_after` is in seconds."""

    code: str
    status: int
    title: str
    detail: str
    retry_after: int | None = None

    @property
    def type(self) -> str:
        """The path of the page that documents it."""
        return f"/problems/{self.code}"


INVALID_REQUEST = Kind(
    "invalid_request",
    422,
    "Invalid request",
    "The request does not have the form that this address takes; mend the fields named under `errors`.",
)
MALFORMED_BODY = Kind("malformed_body", 400, "Malformed body", "The body cannot be read; send JSON in UTF-8.")
NOT_FOUND = Kind("not_found", 404, "Not found", "There is nothing at this address; /openapi.json lists what there is.")
DOCUMENT_NOT_FOUND = Kind(
    "document_not_found", 404, "No such document", "No document has this doc_id; GET /v1/documents lists them all."
)
METHOD_NOT_ALLOWED = Kind(
    "method_not_allowed", 405, "Method not allowed", "Use one of the methods named in the Allow header."
)
BODY_TOO_LARGE = Kind(
    "body_too_large", 413, "Body too large", f"The body may have at most {MOST_BYTES // 1024} KiB; send less."
)
UNSUPPORTED_MEDIA_TYPE = Kind(
    "unsupported_media_type",
    415,
    "Unsupported media type",
    "Send the body as JSON, with the header Content-Type: application/json.",
)
OVERLOADED = Kind("overloaded", 429, "Overloaded", "Too many questions are waiting; try again a little later.", 2)
INTERNAL_ERROR = Kind(
    "internal_error",
    500,
    "Internal error",
    "The service failed on this request; give its request_id to whoever runs the service.",
)
NOT_READY = Kind("not_ready", 503, "Not ready", "The index is still being loaded; try again in a moment.", 2)
INDEX_UNAVAILABLE = Kind(
    "index_unavailable",
    503,
    "Index unavailable",
    "The index cannot be used; on the machine of the service, `procqa doctor` tells what is wrong and how to mend it.",
    30,
)
KINDS: Mapping[str, Kind] = {
    kind.code: kind
    for kind in (
        INVALID_REQUEST,
        MALFORMED_BODY,
        NOT_FOUND,
        DOCUMENT_NOT_FOUND,
        METHOD_NOT_ALLOWED,
        BODY_TOO_LARGE,
        UNSUPPORTED_MEDIA_TYPE,
        OVERLOADED,
        INTERNAL_ERROR,
        NOT_READY,
        INDEX_UNAVAILABLE,
    )
}


class ServiceError(ProcqaError):
    """A request that cannot be served, for a reason that is one of the kinds."""

    def __init__(self, kind: Kind) -> None:
        super().__init__(kind.detail)
        self.kind = kind


# The nearest ancestor of an exception decides.
_BY_EXCEPTION: Mapping[type[Exception], Kind] = {
    RequestValidationError: INVALID_REQUEST,
    QuestionError: INVALID_REQUEST,
    SnapshotError: INDEX_UNAVAILABLE,
    ModelError: INDEX_UNAVAILABLE,
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


def kind_of(error: Exception) -> Kind:
    """The kind of problem that an exception is told as."""
    if isinstance(error, ServiceError):
        return error.kind
    if isinstance(error, HTTPException):
        return _BY_STATUS.get(error.status_code, INTERNAL_ERROR)
    return next(_BY_EXCEPTION[ancestor] for ancestor in type(error).__mro__ if ancestor in _BY_EXCEPTION)


async def problem_response(request: Request, error: Exception) -> JSONResponse:
    """The response that tells an exception."""
    kind = kind_of(error)
    identity = request_id(request.scope)
    if kind.status >= 500 and not isinstance(error, ServiceError):
        # Only the words of our own errors are known to hold no question.
        logger.error("Request %s failed: %s", identity, error if isinstance(error, ProcqaError) else type(error))
    problem = Problem(
        type=kind.type,
        title=kind.title,
        status=kind.status,
        detail=kind.detail,
        instance=quote(request.scope["path"]),
        code=kind.code,
        request_id=identity,
        errors=_field_errors(error),
    )
    headers = dict(error.headers or {}) if isinstance(error, HTTPException) else {}
    if kind.retry_after is not None:
        headers["Retry-After"] = str(kind.retry_after)
    # The handler of last resort stands outside the middleware that adds this header to every other response.
    headers[HEADER] = identity
    content = problem.model_dump(exclude_none=True)
    return JSONResponse(content, kind.status, headers, MEDIA_TYPE)


def add_problem_handlers(app: FastAPI) -> None:
    """Answer every exception of an application with a problem."""
    for error in (HTTPException, RequestValidationError, ProcqaError, Exception):
        app.add_exception_handler(error, problem_response)


def documented(*kinds: Kind) -> dict[int | str, dict[str, Any]]:
    """These kinds as `responses` of a route, for OpenAPI."""
    titles: dict[int, list[str]] = {}
    for kind in kinds:
        titles.setdefault(kind.status, []).append(kind.title)
    return {status: {"model": Problem, "description": " or ".join(names)} for status, names in titles.items()}


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
