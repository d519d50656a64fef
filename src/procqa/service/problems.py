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
from starlette.types import Scope

from procqa.errors import ModelError, ProcqaError, QuestionError, SnapshotError
from procqa.service.body_limit import MOST_BYTES
from procqa.service.request_id import HEADER, request_id

logger = logging.getLogger(__name__)
MEDIA_TYPE = "application/problem+json"
_TOLD = "problem"
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
KEY_MISSING = Kind(
    "key_missing", 401, "Key missing", "This address needs a key; send it as `Authorization: Bearer <key>`."
)
KEY_INVALID = Kind(
    "key_invalid", 401, "Key not valid", "This key is unknown or was revoked; ask whoever runs the service for another."
)
KEY_EXPIRED = Kind(
    "key_expired", 401, "Key expired", "The time of this key is over; ask whoever runs the service for another."
)
SCOPE_MISSING = Kind(
    "scope_missing",
    403,
    "Not allowed with this key",
    "This key lacks the scope that the address needs; ask whoever runs the service for one that has it.",
)
ORIGIN_NOT_ALLOWED = Kind(
    "origin_not_allowed",
    403,
    "Origin not allowed",
    "Pages of this origin may not call the service; whoever runs it can make a site key for the origin.",
)
HOST_NOT_ALLOWED = Kind(
    "host_not_allowed",
    421,
    "Host not allowed",
    "The service does not go by this name; use its address, or have whoever runs it add the name to PROCQA_HOSTS.",
)
RATE_LIMITED = Kind(
    "rate_limited", 429, "Too many requests", "Wait as many seconds as the Retry-After header says, then go on.", 1
)
BODY_TOO_SLOW = Kind("body_too_slow", 408, "Body too slow", "The body did not arrive in time; send the request again.")
TIMED_OUT = Kind("timed_out", 503, "Timed out", "The request took too long; try again a little later.", 2)
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
        KEY_MISSING,
        KEY_INVALID,
        KEY_EXPIRED,
        SCOPE_MISSING,
        ORIGIN_NOT_ALLOWED,
        HOST_NOT_ALLOWED,
        RATE_LIMITED,
        BODY_TOO_SLOW,
        TIMED_OUT,
        OVERLOADED,
        INTERNAL_ERROR,
        NOT_READY,
        INDEX_UNAVAILABLE,
    )
}


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


def problem_of(request: Request, error: Exception) -> Problem:
    """The problem that tells an exception; a failure of the service's own is logged here, once."""
    kind = kind_of(error)
    identity = request_id(request.scope)
    request.scope["state"][_TOLD] = kind.code
    if kind.status >= 500 and not isinstance(error, ServiceError):
        # Only the words of our own errors are known to hold no question.
        logger.error("Request %s failed: %s", identity, error if isinstance(error, ProcqaError) else type(error))
    return Problem(
        type=kind.type,
        title=kind.title,
        status=kind.status,
        detail=kind.detail,
        instance=quote(request.scope["path"]),
        code=kind.code,
        request_id=identity,
        errors=_field_errors(error),
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


def problem_told(scope: Scope) -> str | None:
    """The code of the problem that a request was answered with, if any."""
    code: str | None = scope["state"].get(_TOLD)
    return code


def add_problem_handlers(app: FastAPI) -> None:
    """Answer every exception of an application with a problem."""
    for error in (HTTPException, RequestValidationError, ProcqaError, Exception):
        app.add_exception_handler(error, problem_response)


def documented(*kinds: Kind) -> dict[int | str, dict[str, Any]]:
    """These kinds as `responses` of a route, for OpenAPI."""
    of_status: dict[int | str, list[Kind]] = {}
    for kind in kinds:
        of_status.setdefault(kind.status, []).append(kind)
    return {status: _documented(alike) for status, alike in of_status.items()}


def _documented(kinds: Sequence[Kind]) -> dict[str, Any]:
    """Kinds of one status as one response."""
    examples = {kind.code: {"summary": kind.title, "value": example_of(kind)} for kind in kinds}
    response: dict[str, Any] = {
        "model": Problem,
        "description": " or ".join(kind.title for kind in kinds),
        "content": {MEDIA_TYPE: {"examples": examples}},
    }
    if all(kind.retry_after is not None for kind in kinds):
        told = "Seconds after which to try again."
        response["headers"] = {"Retry-After": {"description": told, "schema": {"type": "integer"}}}
    return response


def example_of(kind: Kind) -> dict[str, Any]:
    """A problem of a kind, as it may be told."""
    errors = [FieldError(field="question", message="Field required")] if kind is INVALID_REQUEST else None
    return Problem(
        type=kind.type,
        title=kind.title,
        status=kind.status,
        detail=kind.detail,
        instance="/v1/ask",
        code=kind.code,
        request_id="5c1f0d2e9a4b4c0f8f6a7b1d3e2c9a80",
        errors=errors,
    ).model_dump(exclude_none=True)


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
