"""The application, made from a function that opens the engine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI

from procqa import __version__
from procqa.engine import Engine
from procqa.live import LiveEngine
from procqa.service import administration, chat, feedback, mcp_door, questions, routes, site
from procqa.service.feedback_store import FeedbackStore
from procqa.service.forgetting import forgetting
from procqa.service.guards import guards
from procqa.service.kept import KeptQuestions
from procqa.service.keys import KeyFile, KeyRing
from procqa.service.mcp_door import McpDoor
from procqa.service.metrics import Metrics
from procqa.service.openapi import ANYWHERE, DESCRIPTION, TAGS, describe
from procqa.service.pool import EnginePool
from procqa.service.problems import add_problem_handlers
from procqa.service.rates import RateCheck
from procqa.service.recent import RecentAnswers
from procqa.service.remembered import RememberedReplies
from procqa.service.shared import Shared
from procqa.service.tracing import Tracing
from procqa.service.windows import SlidingWindows
from procqa.service.work import WorkQueue
from procqa.settings import Settings
from procqa.threads import at_once


def create_app(
    open_engine: Callable[[], Engine],
    settings: Settings | None = None,
    *,
    watch: Path | None = None,
    threads: int = 0,
    shared: Shared | None = None,
) -> FastAPI:
    """The HTTP service over the engine that `open_engine` opens, anew whenever a snapshot is published in `watch`.

    The engine is opened in a thread when the application starts and closed when it ends; until it is open, /healthz
    answers 200 and what needs the engine 503. At most `threads` calls work in the engine at a time; 0 means as many
    as fill the cores, since more at a time only make each of them slower. `shared` is what it knows together with other
    processes of the same service; without it, it is alone. Raises ProcqaError for settings or keys that cannot be used.
    """
    settings = settings or Settings()
    shared = shared or Shared()
    metrics = Metrics(shared)
    keys = KeyRing(KeyFile(settings.state))
    database = shared.database()
    rates = RateCheck(settings, SlidingWindows(shared, database))
    threads = threads or at_once(settings.threads)
    queue = WorkQueue(threads, settings.queue, settings.queue_seconds, metrics.waited, metrics.waits)
    kept = KeptQuestions(settings.state, settings.keep_questions_days)
    feedback_kept, recent = FeedbackStore(settings.state, settings.keep_questions_days), RecentAnswers(database)
    remembered = RememberedReplies(settings.remembered, shared)
    tracing = Tracing.open() if settings.traces else None
    listeners = [metrics.hear, kept.hear, recent.hear, *([tracing.hear] if tracing else [])]
    live = LiveEngine(open_engine, watch)
    pool = EnginePool(live, queue, listeners, remembered)
    metrics.watch(live)

    mcp = McpDoor(pool)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        hourly = forgetting([kept.forget_old, feedback_kept.forget_old])
        async with hourly, forgetting([remembered.look], every=1.0), pool.serving(), mcp.serving():
            yield
        database.close()
        if tracing:
            await asyncio.to_thread(tracing.close)

    app = FastAPI(
        title="procqa",
        summary="Verbatim, cited answers to questions about medical procedures.",
        description=DESCRIPTION,
        version=__version__,
        openapi_tags=TAGS,
        responses=ANYWHERE,
        lifespan=lifespan,
        middleware=guards(settings, keys, metrics, rates, tracing, threads + settings.queue),
        # Their pages load scripts from elsewhere, and no network is used at run time.
        openapi_url=None,  # `describe` serves it
        docs_url=None,
        redoc_url=None,
    )
    app.state.pool, app.state.metrics, app.state.rates, app.state.kept = pool, metrics, rates, kept
    app.state.feedback, app.state.recent = feedback_kept, recent
    doors = (questions.router, chat.router, feedback.router, routes.router, site.router, administration.router)
    for router in doors:
        app.include_router(router)
    # An application of its own, where the framework expects a function.
    app.router.add_route(mcp_door.PATH, mcp, mcp_door.METHODS, include_in_schema=False)  # type: ignore[arg-type]
    add_problem_handlers(app)
    describe(app)
    return app
