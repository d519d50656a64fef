"""The doors to documents, the index and the service itself, each a few lines: check, look up, shape the answer."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import BeforeValidator

from procqa.engine import Engine
from procqa.service import kinds
from procqa.service.caching import NOT_MODIFIED, json_response, tagged
from procqa.service.dependencies import CHECKED, UNREADY, Pool
from procqa.service.document_responses import DocumentBody, DocumentList, DocumentSummaryBody
from procqa.service.problem_docs import documented, problem_page, problems_page
from procqa.service.problems import ServiceError
from procqa.service.requests import LONGEST_NAME, plain_number
from procqa.service.state_responses import Health, IndexState, Readiness
from procqa.types import Document

MOST_LISTED = 500

_unknown = CHECKED | UNREADY | documented(kinds.DOCUMENT_NOT_FOUND)
_unnamed = CHECKED | documented(kinds.NOT_FOUND)

Cursor = Annotated[str, Query(max_length=LONGEST_NAME, description="The `next` of the page before.")]
Limit = Annotated[int, Query(ge=1, le=MOST_LISTED), BeforeValidator(plain_number)]

router = APIRouter()


@router.get(
    "/v1/documents", response_model=DocumentList, responses=CHECKED | UNREADY | NOT_MODIFIED, tags=["documents"]
)
async def list_documents(request: Request, pool: Pool, cursor: Cursor = "", limit: Limit = 100) -> Response:
    """The documents in the order of their doc_id, `limit` at a time."""

    def work(engine: Engine) -> Response:
        return tagged(request, engine.info.version, lambda: json_response(_listing(engine, cursor, limit)))

    return await pool.run(work)


@router.get(
    "/v1/documents/{doc_id:path}", response_model=DocumentBody, responses=_unknown | NOT_MODIFIED, tags=["documents"]
)
async def get_document(request: Request, doc_id: str, pool: Pool) -> Response:
    """A whole document; every offset of the service counts code points of its `text`."""

    def work(engine: Engine) -> Response:
        document = _known(engine, doc_id)
        return tagged(request, engine.info.version, lambda: json_response(DocumentBody.of(document)))

    return await pool.run(work)


@router.get("/v1/index", response_model=IndexState, responses=UNREADY | NOT_MODIFIED, tags=["service"])
async def get_index(request: Request, pool: Pool) -> Response:
    """The index that answers come from, and whether a newer one was refused."""
    live, info = pool.live, pool.engine.info
    state = IndexState.model_validate(
        asdict(info) | {"loaded_at": live.loaded_at, "swaps": live.swaps, "refused": live.refused}
    )
    refused = state.refused.at.timestamp() if state.refused else 0
    return tagged(request, f"{info.version}-{state.loaded_at.timestamp()}-{refused}", lambda: json_response(state))


@router.get("/healthz", tags=["service"], summary="Is the process up?")
async def healthz() -> Health:
    """The process is up."""
    return Health(status="ok")


@router.get("/readyz", responses=UNREADY, tags=["service"], summary="Can questions be answered?")
async def readyz(pool: Pool) -> Readiness:
    """Questions can be answered."""
    return Readiness(status="ready", index=pool.engine.info.version)


@router.get("/problems", response_class=HTMLResponse, tags=["pages"])
async def list_problems() -> HTMLResponse:
    """Every kind of problem."""
    return problems_page()


@router.get("/problems/{code}", responses=_unnamed, response_class=HTMLResponse, tags=["pages"])
async def explain_problem(code: str) -> HTMLResponse:
    """What a kind of problem means."""
    if code not in kinds.KINDS:
        raise ServiceError(kinds.NOT_FOUND)
    return problem_page(kinds.KINDS[code])


def _listing(engine: Engine, cursor: str, limit: int) -> DocumentList:
    # One more than asked for tells whether there is a next page.
    found = engine.summaries(cursor, limit + 1)
    listed = [DocumentSummaryBody.model_validate(summary) for summary in found[:limit]]
    return DocumentList(documents=listed, next=listed[-1].doc_id if len(found) > limit else None)


def _known(engine: Engine, doc_id: str) -> Document:
    document = engine.document(doc_id)
    if document is None:
        raise ServiceError(kinds.DOCUMENT_NOT_FOUND)
    return document
