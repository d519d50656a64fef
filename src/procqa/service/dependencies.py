"""What routes need of the running application and of a request before they begin."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Header, Request
from starlette.exceptions import HTTPException

from procqa.service import kinds
from procqa.service.pool import EnginePool
from procqa.service.problem_docs import documented


def engine_pool(request: Request) -> EnginePool:
    """The pool of the running application."""
    pool: EnginePool = request.app.state.pool
    return pool


def require_json(content_type: Annotated[str, Header(include_in_schema=False)] = "") -> None:
    """Refuse a body that is not declared to be JSON, which a web page of another origin could send unasked."""
    if content_type.partition(";")[0].strip().lower() != "application/json":
        raise HTTPException(415)


Pool = Annotated[EnginePool, Depends(engine_pool)]
JSON_BODY = Depends(require_json)

# The framework notes its own form of 422 at every route with parameters that does not note one itself.
CHECKED = documented(kinds.INVALID_REQUEST)
UNREADY = documented(kinds.NOT_READY, kinds.INDEX_UNAVAILABLE, kinds.TIMED_OUT)
REFUSED = documented(kinds.MALFORMED_BODY, kinds.BODY_TOO_LARGE, kinds.BODY_TOO_SLOW, kinds.UNSUPPORTED_MEDIA_TYPE)
ASKED = CHECKED | UNREADY | REFUSED
