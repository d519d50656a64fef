"""The addresses of the service, each a few lines: check, ask the engine in its pool, shape the answer."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.responses import HTMLResponse
from starlette.exceptions import HTTPException

from procqa.engine import Engine
from procqa.service import problems
from procqa.service.document_responses import DocumentBody, DocumentList, DocumentSummary
from procqa.service.pages import problem_page
from procqa.service.pool import EnginePool
from procqa.service.problems import ServiceError, documented
from procqa.service.requests import AskRequest, SearchRequest
from procqa.service.responses import AskResponse, IndexBody, SearchResponse
from procqa.types import Document

MOST_LISTED = 500
# Doc ids come from file names, whose whole path no system lets grow longer.
LONGEST_DOC_ID = 4096

# The framework notes its own form of 422 at every route with parameters that does not note one itself.
_checked = documented(problems.INVALID_REQUEST)
_unready = documented(problems.NOT_READY, problems.INDEX_UNAVAILABLE)
_refused = documented(problems.MALFORMED_BODY, problems.BODY_TOO_LARGE, problems.UNSUPPORTED_MEDIA_TYPE)
_asked = _checked | _unready | _refused
_unknown = _checked | _unready | documented(problems.DOCUMENT_NOT_FOUND)
_unnamed = _checked | documented(problems.NOT_FOUND)

router = APIRouter()


def engine_pool(request: Request) -> EnginePool:
    """The pool of the running application."""
    pool: EnginePool = request.app.state.pool
    return pool


def require_json(content_type: Annotated[str, Header(include_in_schema=False)] = "") -> None:
    """Refuse a body that is not declared to be JSON, which a web page of another origin could send unasked."""
    if content_type.partition(";")[0].strip().lower() != "application/json":
        raise HTTPException(415)


Pool = Annotated[EnginePool, Depends(engine_pool)]
Cursor = Annotated[str, Query(max_length=LONGEST_DOC_ID, description="The `next` of the page before.")]
Offset = Annotated[int | None, Query(ge=0, description="A code point of the document's text.")]


@router.post("/v1/ask", responses=_asked, dependencies=[Depends(require_json)], tags=["questions"])
async def ask(body: AskRequest, pool: Pool) -> AskResponse:
    """Answer a question in the words of the pages, with citations, or say why there is no answer."""

    def work(engine: Engine) -> AskResponse:
        reply = engine.ask(
            body.question,
            history=body.history or (),
            filters=body.engine_filters(),
            max_answers=body.max_answers,
            passages=body.passages,
        )
        return AskResponse.of(reply)

    return await pool.run(work)


@router.post("/v1/search", responses=_asked, dependencies=[Depends(require_json)], tags=["questions"])
async def search(body: SearchRequest, pool: Pool) -> SearchResponse:
    """The passages that fit a question best, best first, within a budget of tokens if one is given."""

    def work(engine: Engine) -> SearchResponse:
        hits = engine.search(body.question, filters=body.engine_filters(), top_k=body.top_k, max_tokens=body.max_tokens)
        return SearchResponse.of(hits, engine.info)

    return await pool.run(work)


@router.get("/v1/documents", responses=_checked | _unready, tags=["documents"])
async def list_documents(
    pool: Pool, cursor: Cursor = "", limit: Annotated[int, Query(ge=1, le=MOST_LISTED)] = 100
) -> DocumentList:
    """The documents in the order of their doc_id, `limit` at a time."""

    def work(engine: Engine) -> DocumentList:
        # One more than asked for tells whether there is a next page.
        found = engine.documents(cursor, limit + 1)
        listed = found[:limit]
        following = listed[-1].doc_id if len(found) > limit else None
        return DocumentList(documents=[DocumentSummary.of(document) for document in listed], next=following)

    return await pool.run(work)


@router.get("/v1/documents/{doc_id:path}", responses=_unknown, tags=["documents"])
async def get_document(doc_id: str, pool: Pool) -> DocumentBody:
    """A whole document; every offset of the service counts code points of its `text`."""
    return DocumentBody.of(await _document(doc_id, pool))


@router.get("/v1/index", responses=_unready, tags=["service"])
async def get_index(pool: Pool) -> IndexBody:
    """The index that answers come from."""
    return IndexBody.model_validate(pool.engine.info)


@router.get("/healthz", tags=["service"])
async def healthz() -> dict[str, str]:
    """The process is up."""
    return {"status": "ok"}


@router.get("/readyz", responses=_unready, tags=["service"])
async def readyz(pool: Pool) -> dict[str, str]:
    """Questions can be answered."""
    return {"status": "ready", "index": pool.engine.info.version}


@router.get("/problems/{code}", responses=_unnamed, response_class=HTMLResponse, tags=["pages"])
async def explain_problem(code: str) -> HTMLResponse:
    """What a kind of problem means."""
    if code not in problems.KINDS:
        raise ServiceError(problems.NOT_FOUND)
    return problem_page(problems.KINDS[code])


async def _document(doc_id: str, pool: EnginePool) -> Document:
    document = await pool.run(lambda engine: engine.document(doc_id))
    if document is None:
        raise ServiceError(problems.DOCUMENT_NOT_FOUND)
    return document
