"""What caches may keep: documents and the index, as long as the index is the same; nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import Request, Response
from pydantic import BaseModel

from procqa import __version__

NOT_MODIFIED: dict[int | str, dict[str, Any]] = {
    304: {"description": "The same as when the ETag that was sent as If-None-Match was given."}
}
NOTHING_KEPT = "no-store"
# A cache may keep the response, but has to ask each time whether the index is still the same.
ASK_AGAIN = "no-cache"


def tagged(request: Request, version: str, make: Callable[[], Response]) -> Response:
    """What `make` returns, with an ETag of the index version; or 304, without making it, when the client has it.

    `version` must be of the very index that `make` reads: the index in use can change meanwhile.
    """
    # Weak, since a compressed response has other bytes. How it is told depends on this program's version too.
    tag = f'W/"{version}-{__version__}"'
    response = Response(status_code=304) if _named(request.headers.get("if-none-match", ""), tag) else make()
    response.headers["ETag"] = tag
    response.headers["Cache-Control"] = ASK_AGAIN
    return response


def json_response(body: BaseModel) -> Response:
    """A body as JSON, for `tagged`."""
    return Response(body.model_dump_json(), media_type="application/json")


def _named(if_none_match: str, tag: str) -> bool:
    """Whether the header names the tag; weak comparison, as RFC 9110 has it for this header."""
    given = {part.strip().removeprefix("W/") for part in if_none_match.split(",")}
    return "*" in given or tag.removeprefix("W/") in given
