"""`procqa serve`: the HTTP service."""

from __future__ import annotations

import logging
from pathlib import Path

import click

from procqa.cli.options import index_option, settings_from, threads_option


@click.command()
@index_option
@click.option("--host", help="Address to listen on.  [default: 127.0.0.1]")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on.  [default: 8000]")
@threads_option
def serve(index: Path | None, host: str | None, port: int | None, threads: int | None) -> None:
    """Answer questions over HTTP until stopped."""
    from procqa.service.server import run  # the web framework is needed by this command alone

    # The address, and that the index is loaded, are what one who starts a server wants to read.
    logging.getLogger("procqa").setLevel(logging.INFO)

    run(settings_from(index=index, host=host, port=port, threads=threads))
