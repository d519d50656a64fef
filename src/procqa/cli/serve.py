"""`procqa serve`: the HTTP service."""

from __future__ import annotations

from typing import Any

import click

from procqa.cli.options import fast_option, index_option, settings_from, state_option, threads_option
from procqa.settings import LOG_FORMATS, LOG_LEVELS


@click.command()
@index_option
@click.option("--host", help="Address to listen on.  [default: 127.0.0.1]")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on.  [default: 8000]")
@fast_option
@threads_option
@click.option(
    "--workers", type=click.IntRange(0, 64), help="Processes that answer; 0 for one a core, up to 4.  [default: 1]"
)
@state_option
@click.option("--require-keys", is_flag=True, help="Need a key on this machine too, for instance behind a proxy.")
@click.option("--insecure", is_flag=True, help="Let other machines ask without a key.")
@click.option("--log-format", type=click.Choice(LOG_FORMATS), help="How log lines look.  [default: text]")
@click.option("--log-level", type=click.Choice(LOG_LEVELS), help="The least that is logged.  [default: info]")
def serve(require_keys: bool, insecure: bool, **values: Any) -> None:
    """Answer questions over HTTP until stopped.

    On a loopback address no key is needed; on any other one every question needs a key of `procqa keys create`. More is
    set in the environment; the README lists it.
    """
    from procqa.service import logs  # the web framework is needed by this command alone
    from procqa.service.server import run

    # A flag that is not given leaves the environment its say.
    settings = settings_from(**values, require_keys=require_keys or None, insecure=insecure or None)
    logs.configure(settings)
    run(settings)
