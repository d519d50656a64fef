"""The application, made from a function that opens the engine."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from starlette.middleware import Middleware

from procqa import __version__
from procqa.engine import Engine
from procqa.service import site
from procqa.service.body_limit import BodyLimitMiddleware
from procqa.service.pool import EnginePool
from procqa.service.problems import MEDIA_TYPE, add_problem_handlers
from procqa.service.request_id import RequestIdMiddleware
from procqa.service.routes import router

# The encoder uses several cores for one question, so more questions at a time only make each of them slower.
THREADS = 4


def create_app(open_engine: Callable[[], Engine], *, threads: int = THREADS) -> FastAPI:
    """The HTTP service over the engine that `open_engine` opens.

    The engine is opened in a thread when the application starts and closed when it ends; until it is open, /healthz
    answers 200 and what needs the engine 503. At most `threads` calls work in the engine at a time.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.pool = EnginePool(open_engine, threads)
        async with app.state.pool.serving():
            yield

    app = FastAPI(
        title="procqa",
        summary="Verbatim, cited answers to questions about medical procedures.",
        version=__version__,
        lifespan=lifespan,
        middleware=[Middleware(RequestIdMiddleware), Middleware(BodyLimitMiddleware)],
        # Their pages load scripts from elsewhere, and no network is used at run time.
        docs_url=None,
        redoc_url=None,
    )
    app.include_router(router)
    app.include_router(site.router)
    add_problem_handlers(app)
    _document_media_type(app)
    return app


def _document_media_type(app: FastAPI) -> None:
    """Say in OpenAPI that errors are problem details: the framework knows one media type for a whole route."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        schema = generate()
        for path in schema["paths"].values():
            for operation in path.values():
                for status, response in operation["responses"].items():
                    content = response.get("content", {})
                    if status >= "400" and MEDIA_TYPE not in content:
                        response["content"] = {MEDIA_TYPE: next(iter(content.values()))}
        return schema

    app.openapi = openapi  # type: ignore[method-assign]
