"""The tools that programs with a language model can call through the Model Context Protocol."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from mcp.server.lowlevel import Server
from mcp_types import CallToolRequestParams, CallToolResult, ListToolsResult, TextContent, Tool, ToolAnnotations
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from procqa import __version__
from procqa.engine import Engine
from procqa.errors import ProcqaError
from procqa.service.asking import answer, search
from procqa.service.links import document_url
from procqa.service.pool import EnginePool
from procqa.service.problems import kind_of
from procqa.service.requests import AskRequest, SearchRequest
from procqa.service.responses import AskResponse, Body, SearchResponse

INSTRUCTIONS = (
    "Answers about medical procedures in the verbatim words of this service's pages, each with a citation. Quote the "
    "spans as they are and name their source. When the status is abstained the pages do not answer: say so rather "
    "than answering from elsewhere. This is general information, not medical advice."
)
logger = logging.getLogger(__name__)
Asked = TypeVar("Asked", bound=BaseModel)


class SectionRequest(BaseModel):
    """A section of a page."""

    model_config = ConfigDict(extra="forbid", strict=True)

    doc_id: str = Field(description="The page, as search and ask name it.")
    section: str = Field(description="The section's name, for instance Recovery.")


class SectionResponse(Body):
    """The words of a section; `start` and `end` count code points of the page's text."""

    doc_id: str
    title: str
    section: str
    heading: str
    text: str
    start: int
    end: int
    doc_sha256: str
    url: str
    sections: list[str] = Field(description="All sections of the page.")


class NotThereError(ProcqaError):
    """There is no such tool, page or section; the message says what there is."""


@dataclass(frozen=True, slots=True)
class Door(Generic[Asked]):
    """A tool: what it takes and gives, and how it is done."""

    name: str
    description: str
    request: type[Asked]
    response: type[BaseModel]
    work: Callable[[EnginePool, Asked], Awaitable[BaseModel]]

    def tool(self) -> Tool:
        """What clients are told of it."""
        return Tool(
            name=self.name,
            description=self.description,
            input_schema=self.request.model_json_schema(),
            output_schema=self.response.model_json_schema(mode="serialization"),
            annotations=ToolAnnotations(read_only_hint=True, idempotent_hint=True, open_world_hint=False),
        )

    async def call(self, pool: EnginePool, arguments: Mapping[str, Any]) -> BaseModel:
        """Do it. Raises ValidationError for arguments of another form, and what the engine raises."""
        return await self.work(pool, self.request.model_validate(arguments))


async def get_section(pool: EnginePool, request: SectionRequest) -> SectionResponse:
    """A section by its canonical name or its heading, in upper or lower case. Raises NotThereError."""

    def work(engine: Engine) -> SectionResponse:
        document = engine.document(request.doc_id)
        if document is None:
            raise NotThereError("No page has this doc_id; search names the pages that there are.")
        wanted = request.section.strip().casefold()
        for part in document.sections:
            if wanted in {part.name.casefold(), part.heading.casefold()}:
                return SectionResponse(
                    doc_id=document.doc_id,
                    title=document.title,
                    section=part.name,
                    heading=part.heading,
                    text=document.text[part.start : part.end],
                    start=part.start,
                    end=part.end,
                    doc_sha256=document.sha256,
                    url=document_url(document.doc_id),
                    sections=[each.name for each in document.sections],
                )
        names = ", ".join(part.name for part in document.sections)
        raise NotThereError(f"This page has no such section; it has {names}.")

    return await pool.run(work)


DOORS: Mapping[str, Door[Any]] = {
    door.name: door
    for door in (
        Door(
            "ask",
            "Answer a question about a medical procedure in the words of the pages, with citations, or say why there "
            "is no answer.",
            AskRequest,
            AskResponse,
            answer,
        ),
        Door(
            "search",
            "The passages that fit a question best, best first, within a budget of tokens if one is given.",
            SearchRequest,
            SearchResponse,
            search,
        ),
        Door("get_section", "The whole text of one section of a page.", SectionRequest, SectionResponse, get_section),
    )
}


def tool_server(pool: EnginePool) -> Server[Any]:
    """A server of the protocol whose tools work in the pool."""

    # Their schemas are made once: the library looks at them at every call.
    tools = {name: door.tool() for name, door in DOORS.items()}

    async def list_tools(context: object, params: object) -> ListToolsResult:
        return ListToolsResult(tools=list(tools.values()))

    async def call_tool(context: object, params: CallToolRequestParams) -> CallToolResult:
        try:
            told = await _call(pool, params)
        except Exception as error:  # noqa: BLE001 - a model reads every failure as a sentence, never as a traceback
            return CallToolResult(content=[TextContent(type="text", text=_sentence(error))], is_error=True)
        text = TextContent(type="text", text=told.model_dump_json())
        return CallToolResult(content=[text], structured_content=told.model_dump(mode="json"))

    return Server(
        "procqa",
        version=__version__,
        title="procqa",
        instructions=INSTRUCTIONS,
        get_tool_input_schema=lambda name: tools[name].input_schema if name in tools else None,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )


async def _call(pool: EnginePool, params: CallToolRequestParams) -> BaseModel:
    door = DOORS.get(params.name)
    if door is None:
        raise NotThereError(f"There is no such tool; there are {', '.join(DOORS)}.")
    return await door.call(pool, params.arguments or {})


def _sentence(error: Exception) -> str:
    """What went wrong, without words of the client; a failure of the service's own is logged by its kind alone."""
    if isinstance(error, ValidationError):
        wrong = "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors()[:10])
        return f"The arguments do not have the form that this tool takes. {wrong}"
    if isinstance(error, NotThereError):
        return str(error)
    kind = kind_of(error)
    if kind.status == 500:
        logger.error("A tool failed: %s", type(error))
    return kind.detail
