"""`procqa mcp`: the tools for programs with a language model, over standard input and output."""

from __future__ import annotations

from pathlib import Path

import click

from procqa.cli.options import index_option, settings_from, threads_option


@click.command()
@index_option
@threads_option
def mcp(index: Path | None, threads: int | None) -> None:
    """Serve the tools ask, search and get_section to a program that starts this command.

    It speaks the Model Context Protocol on standard input and output. `procqa serve` has the same tools at /mcp.
    """
    from procqa.engine import Engine
    from procqa.service.mcp_door import run_stdio  # the protocol's library is needed by this command alone

    settings = settings_from(index=index, threads=threads)
    run_stdio(lambda: Engine.open(settings.index, threads=settings.threads, read=not settings.fast))
