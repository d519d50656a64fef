"""The Model Context Protocol: real clients of the official library, over HTTP and over a pipe."""

from __future__ import annotations

import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import anyio
import httpx
import jsonschema
import pytest
from mcp import Client
from mcp.client.stdio import StdioServerParameters, stdio_client

SOURCE = Path(__file__).parents[2] / "src"
STAY = "How long do I stay in hospital after a mitral valve repair?"
WORDS = "You stay in hospital for 3 days."
Session = Callable[[Client], Awaitable[None]]


def with_session(server: Any, body: Session, mode: str = "auto") -> None:
    async def run() -> None:
        with anyio.fail_after(60):
            async with Client(server, mode=mode) as client:
                await body(client)

    anyio.run(run)


async def use_every_tool(client: Client) -> None:
    listed = {tool.name: tool for tool in (await client.list_tools()).tools}
    assert set(listed) == {"ask", "search", "get_section"}
    for tool in listed.values():
        assert tool.description
        assert tool.annotations is not None
        assert tool.annotations.read_only_hint
    asked = await client.call_tool("ask", {"question": STAY, "max_answers": 1})
    assert asked.structured_content["answers"][0]["text"] == WORDS
    assert json.loads(asked.content[0].text) == asked.structured_content
    found = await client.call_tool("search", {"question": "stroke after mitral valve repair", "max_tokens": 60})
    assert found.structured_content["hits"][0]["doc_id"] == "heart/mitral"
    assert found.structured_content["tokens"] <= 60
    section = await client.call_tool("get_section", {"doc_id": "heart/mitral", "section": "recovery"})
    assert section.structured_content["text"].startswith(WORDS)
    assert section.structured_content["url"] == "/documents/heart/mitral"
    for name, result in (("ask", asked), ("search", found), ("get_section", section)):
        assert not result.is_error
        jsonschema.validate(result.structured_content, listed[name].output_schema or {})


async def be_told_what_is_wrong(client: Client) -> None:
    for name, arguments, words in (
        ("ask", {"question": ""}, "question: String should have at least 1 character"),
        ("ask", {"question": "marker", "colour": "marker"}, "colour: Extra inputs are not permitted"),
        ("ask", {}, "question: Field required"),
        ("get_section", {"doc_id": "marker", "section": "Recovery"}, "No page has this doc_id"),
        ("get_section", {"doc_id": "knee", "section": "marker"}, "it has Personnel, Recovery."),
        ("marker", {}, "There is no such tool; there are ask, search, get_section."),
    ):
        result = await client.call_tool(name, arguments)
        assert result.is_error
        assert words in result.content[0].text
        assert "marker" not in result.content[0].text


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_a_client_uses_the_tools_over_http(live: str, mode: str) -> None:
    with_session(f"{live}/mcp", use_every_tool, mode)
    with_session(f"{live}/mcp", be_told_what_is_wrong, mode)


@pytest.mark.model
def test_a_client_uses_the_tools_over_a_pipe(tmp_path: Path, tiny: Any, real_index: Path) -> None:
    code = "from procqa.cli import main; main()"
    command = StdioServerParameters(
        command=sys.executable,
        args=["-c", code, "mcp", "--index", str(real_index)],
        cwd=tmp_path,
        env={"PYTHONPATH": str(SOURCE)},
    )

    async def session(client: Client) -> None:
        assert {tool.name for tool in (await client.list_tools()).tools} == {"ask", "search", "get_section"}
        section = await client.call_tool("get_section", {"doc_id": "heart/mitral", "section": "Recovery"})
        assert section.structured_content["text"].startswith(WORDS)
        asked = await client.call_tool("ask", {"question": STAY})
        assert asked.structured_content["question"] == STAY
        await be_told_what_is_wrong(client)

    with_session(stdio_client(command), session)


def test_without_an_index_the_command_says_what_to_do(
    tmp_path: Path, exits: Callable[..., tuple[int, str, str]]
) -> None:
    code, out, error = exits("mcp", "--index", tmp_path / "none")
    assert (code, out) == (2, "")
    assert "procqa index build" in error


def test_only_posts_are_taken(live: str) -> None:
    for method in ("GET", "DELETE", "PUT"):
        response = httpx.request(method, f"{live}/mcp", headers={"accept": "text/event-stream"}, trust_env=False)
        assert (response.status_code, response.json()["code"]) == (405, "method_not_allowed")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"[" * 100_000, b'"a"', b"\xff", b'{"jsonrpc": "2.0", "id": 1}'])
def test_what_is_no_message_is_refused(live: str, body: bytes) -> None:
    headers = {"content-type": "application/json", "accept": "application/json, text/event-stream"}
    response = httpx.post(f"{live}/mcp", content=body, headers=headers, trust_env=False)
    assert response.status_code == 400
    assert "error" in response.json()
    assert httpx.post(f"{live}/mcp", content=b" " * 300_000, headers=headers, trust_env=False).status_code == 413
