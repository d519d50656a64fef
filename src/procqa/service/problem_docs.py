"""How problems are documented: in OpenAPI at each door, and on a page for each kind, to which its `type` leads."""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape
from typing import Any

from fastapi.responses import HTMLResponse

from procqa.service.kinds import INVALID_REQUEST, KINDS, Kind
from procqa.service.pages import html_page
from procqa.service.problems import MEDIA_TYPE, FieldError, Problem


def documented(*kinds: Kind) -> dict[int | str, dict[str, Any]]:
    """These kinds as `responses` of a route, for OpenAPI."""
    of_status: dict[int | str, list[Kind]] = {}
    for kind in kinds:
        of_status.setdefault(kind.status, []).append(kind)
    return {status: _response(alike) for status, alike in of_status.items()}


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


def problem_page(kind: Kind) -> HTMLResponse:
    """What a kind of problem means and what to do, with an example."""
    retry = "" if kind.retry_after is None else "<p>The Retry-After header tells after how many seconds.</p>\n"
    body = (
        f"<p>{escape(kind.detail)}</p>\n{retry}"
        f"<p>HTTP status {kind.status}, code <code>{escape(kind.code)}</code>.</p>\n"
        f"<h2>Example</h2>\n<pre>{escape(json.dumps(example_of(kind), indent=2))}</pre>\n"
        '<p><a href="/problems">All problems</a></p>'
    )
    return html_page(kind.title, body)


def problems_page() -> HTMLResponse:
    """Every kind of problem, by status."""
    items = [
        f'<li><a href="{kind.type}">{kind.status} {escape(kind.title)}</a> <code>{escape(kind.code)}</code></li>'
        for kind in sorted(KINDS.values(), key=lambda kind: (kind.status, kind.code))
    ]
    introduction = (
        "<p>Errors are problem details (RFC 9457). Their <code>code</code> is stable, and their <code>type</code> is "
        "the address of one of these pages.</p>\n"
    )
    return html_page("Problems", introduction + "<ul>\n" + "\n".join(items) + "\n</ul>")


def _response(kinds: Sequence[Kind]) -> dict[str, Any]:
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
