"""What people see in a browser: the demo page, the pages to read, the widget and what they load."""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from importlib import resources
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, BeforeValidator, ConfigDict

from procqa.engine import Engine
from procqa.service import kinds
from procqa.service.caching import NOT_MODIFIED, tagged
from procqa.service.catalog import Catalog, Entry, twins
from procqa.service.dependencies import CHECKED, UNREADY, Pool
from procqa.service.examples import TITLES
from procqa.service.links import document_url
from procqa.service.pages import page
from procqa.service.problem_docs import documented
from procqa.service.problems import ServiceError
from procqa.service.reading import reading_page
from procqa.service.requests import plain_number
from procqa.widget import widget_script

# Of a specialty with more pages the others are found by typing.
MOST_LISTED = 100
MOST_FOUND = 50
_TYPES = {"pages.css": "text/css", "home.js": "text/javascript", "icon.svg": "image/svg+xml"}
_EXAMPLE = "How long does the operation take?"

_unknown = CHECKED | UNREADY | documented(kinds.DOCUMENT_NOT_FOUND)
_unnamed = CHECKED | documented(kinds.NOT_FOUND)

router = APIRouter(tags=["pages"])
Site = Annotated[str, Query(max_length=200, description="The public key of the site that shows the page.")]
Offset = Annotated[
    int | None, Query(ge=0, description="A code point of the document's text."), BeforeValidator(plain_number)
]
Limit = Annotated[int, Query(ge=1, le=MOST_FOUND), BeforeValidator(plain_number)]
Typed = Annotated[str, Query(max_length=200, description="The beginnings of words of a title or an alias.")]


class Found(BaseModel):
    """A page found by its name; `alias` is the other name that was typed, if it was one."""

    doc_id: str
    title: str
    aliases: list[str]
    specialty: str
    url: str

    @classmethod
    def of(cls, entry: Entry) -> Found:
        """The JSON of an entry, with the address to read it."""
        return cls(
            doc_id=entry.doc_id,
            title=entry.title,
            aliases=list(entry.aliases),
            specialty=entry.specialty,
            url=document_url(entry.doc_id),
        )


class Titles(BaseModel):
    """Pages found by name, best first."""

    model_config = ConfigDict(json_schema_extra={"examples": [TITLES]})

    titles: list[Found]


@router.get("/", response_class=HTMLResponse, responses=CHECKED)
async def home(request: Request, q: Typed = "", site: Site = "") -> HTMLResponse:
    """Ask, find a page by its name, or browse; `q` finds pages where scripts do not run."""
    pool = request.app.state.pool

    def work(engine: Engine) -> tuple[Catalog, list[Entry]]:
        catalog = Catalog.of(engine)
        return catalog, catalog.search(q, MOST_FOUND)

    try:
        catalog, found = await pool.run(work)
    except ServiceError:  # still loading: the page can be shown, and its widget waits
        catalog, found = Catalog(()), []
    return page(
        "home.html.jinja",
        interactive=True,
        site=site,
        typed=q,
        found=found,
        specialties=catalog.specialties(),
        count=len(catalog.entries),
        most=MOST_LISTED,
        link=document_url,
        address=str(request.base_url).rstrip("/"),
        example=json.dumps({"question": _EXAMPLE}),
    )


@router.get("/ask", response_class=HTMLResponse, responses=CHECKED)
async def full_page(site: Site = "") -> HTMLResponse:
    """The widget as a page of its own, which a site may also frame."""
    return page("ask.html.jinja", interactive=True, site=site)


@router.get("/documents/{doc_id:path}", responses=_unknown | NOT_MODIFIED, response_class=HTMLResponse)
async def read_document(
    request: Request, doc_id: str, pool: Pool, start: Offset = None, end: Offset = None
) -> Response:
    """A document to read; with `start` and `end` it highlights the words between them."""

    def work(engine: Engine) -> Response:
        document = engine.document(doc_id)
        if document is None:
            raise ServiceError(kinds.DOCUMENT_NOT_FOUND)
        alike = twins(engine, doc_id, document.title)
        return tagged(request, engine.info.version, lambda: reading_page(document, start, end, alike))

    return await pool.run(work)


@router.get("/v1/titles", responses=CHECKED | UNREADY, tags=["documents"])
async def find_titles(pool: Pool, q: Typed, limit: Limit = 8) -> Titles:
    """Pages by title and alias, while they are typed."""
    found = await pool.run(lambda engine: Catalog.of(engine).search(q, limit))
    return Titles(titles=[Found.of(entry) for entry in found])


@router.get("/widget.js", response_class=Response, responses={200: {"content": {"text/javascript": {}}}})
async def widget(request: Request) -> Response:
    """The chat widget: one script for any site."""
    headers = {"Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin"}
    return _file(request, widget_script(), "text/javascript", headers)


@router.get("/widget/{name}", responses=_unnamed, response_class=Response)
async def asset(request: Request, name: str) -> Response:
    """The style, the script and the icon of the service's own pages."""
    if name not in _TYPES:
        raise ServiceError(kinds.NOT_FOUND)
    return _file(request, _asset(name), _TYPES[name], {})


@lru_cache(maxsize=len(_TYPES))
def _asset(name: str) -> str:
    return resources.files("procqa.service").joinpath("assets", name).read_text(encoding="utf-8")


def _file(request: Request, content: str, media_type: str, headers: dict[str, str]) -> Response:
    """A file that browsers keep and ask about: 304 while it is the same."""
    tag = f'"{hashlib.sha256(content.encode()).hexdigest()[:32]}"'
    headers = headers | {"ETag": tag, "Cache-Control": "public, no-cache", "X-Content-Type-Options": "nosniff"}
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=media_type, headers=headers)
