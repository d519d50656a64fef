"""What /openapi.json says beyond what the routes say of themselves."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI, Request, Response
from pydantic import BaseModel

from procqa.service import kinds
from procqa.service.access import needed_scope
from procqa.service.body_limit import MOST_BYTES
from procqa.service.chat_bodies import ChatResponse
from procqa.service.document_responses import DocumentList
from procqa.service.problem_docs import documented
from procqa.service.problems import MEDIA_TYPE
from procqa.service.responses import AskResponse, BatchResponse

PATH = "/openapi.json"
DESCRIPTION = """\
Answers are verbatim words of the pages, each with a citation, or an honest refusal. Offsets count Unicode code points
of a document's `text`. Errors are problem details (RFC 9457) with a stable `code`; `type` leads to a page about each.
Responses about documents and the index carry an ETag that changes with the index: send it back as `If-None-Match`.
Every response carries `X-Request-ID`. Fields may be added to responses.

The same questions can be asked by clients of the OpenAI API (`/v1/chat/completions`) and of the Model Context Protocol
(`/mcp`, streamable HTTP).
"""
TAGS = [
    {"name": "questions", "description": "Ask, and search."},
    {"name": "chat", "description": "The same answers, in the form of the OpenAI API."},
    {"name": "feedback", "description": "Say whether an answer was right."},
    {"name": "documents", "description": "The pages that answers are quoted from."},
    {"name": "pages", "description": "HTML, for people."},
    {"name": "service", "description": "The index, and the state of the service."},
]
# What any door may answer; a door names what is its own.
ANYWHERE = documented(
    kinds.KEY_MISSING,
    kinds.KEY_INVALID,
    kinds.KEY_EXPIRED,
    kinds.SCOPE_MISSING,
    kinds.ORIGIN_NOT_ALLOWED,
    kinds.HOST_NOT_ALLOWED,
    kinds.RATE_LIMITED,
    kinds.OVERLOADED,
    kinds.INTERNAL_ERROR,
    kinds.TIMED_OUT,
)
# The framework leaves out what is null, in examples too.
_WITH_NULLS: tuple[type[BaseModel], ...] = (AskResponse, BatchResponse, ChatResponse, DocumentList)
_PROBLEM = {"$ref": "#/components/schemas/Problem"}
# No schema can say it: the limits of the fields together allow more.
_BODY = (
    f"JSON of at most {MOST_BYTES // 1024} KiB. A larger body is answered with 413 (`{kinds.BODY_TOO_LARGE.code}`), "
    "also where each of its fields keeps to its own limit."
)
_KEY = {
    "type": "http",
    "scheme": "bearer",
    "description": "A key of `procqa keys create`. A site key is good only for calls from the pages of its origins. "
    "Where only the service's own machine reaches it, no key is needed.",
}


def describe(app: FastAPI) -> None:
    """Say that errors are problem details, for which the framework knows no media type, and which scope a door needs.

    The description is made once, by the first who asks for it: to make it takes longer than to answer most requests.
    """
    generate = app.openapi
    rendered = b""

    async def read_openapi(request: Request) -> Response:
        nonlocal rendered
        rendered = rendered or json.dumps(app.openapi(), ensure_ascii=False).encode()
        return Response(rendered, media_type="application/json")

    def openapi() -> dict[str, Any]:
        schema = generate()
        for status, response in _responses(schema):
            if status >= "400":
                # Under the media type of the route's success, which may be a page.
                examples = response.get("content", {}).get(MEDIA_TYPE, {}).get("examples", {})
                response["content"] = {MEDIA_TYPE: {"schema": _PROBLEM, "examples": examples}}
        for model in _WITH_NULLS:
            schema["components"]["schemas"][model.__name__]["examples"] = model.model_json_schema()["examples"]
        schema["components"]["securitySchemes"] = {"key": _KEY}
        for path, doors in schema["paths"].items():
            if (scope := needed_scope(path)) is not None:
                for door in doors.values():
                    # The second: none, as on the service's own machine.
                    door["security"] = [{"key": [scope]}, {}]
            for door in doors.values():
                if "requestBody" in door:
                    door["requestBody"]["description"] = _BODY
        return schema

    app.openapi = openapi  # type: ignore[method-assign]
    app.router.add_route(PATH, read_openapi, include_in_schema=False)


def _responses(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path in schema["paths"].values():
        for operation in path.values():
            yield from operation["responses"].items()
