"""`procqa keys`: who may ask a service that is not for its own machine alone."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from procqa.cli.options import settings_from, state_option
from procqa.errors import ProcqaError

_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}


@click.group()
def keys() -> None:
    """Make, list and revoke the keys of a service; a running one notices within a second."""


@keys.command()
@click.argument("name")
@click.option(
    "--scope", "scopes", multiple=True, type=click.Choice(["ask", "admin"]), help="What it may do.  [default: ask]"
)
@click.option(
    "--origin", "origins", multiple=True, help="Make a site key, for pages of this origin: https://www.example.org"
)
@click.option("--expires", metavar="TIME", help="How long it is good for: 12h, 90d or 8w.  [default: until revoked]")
@click.option("--rate", default="", help="How often it may ask, for instance 60/minute.  [default: PROCQA_RATE_KEY]")
@state_option
def create(
    name: str, scopes: tuple[str, ...], origins: tuple[str, ...], expires: str | None, rate: str, state: Path | None
) -> None:
    """Make a key and print it, this once: only its hash is kept.

    A site key (--origin, as often as there are sites) may stand in a public page: it is good only for calls that a
    browser makes from pages of its origins, and for asking.
    """
    from procqa.service.keys import KeyFile
    from procqa.service.rates import rate as checked_rate

    checked_rate(rate)
    file = KeyFile(settings_from(state=state).state)
    key, token = file.create(name, scopes=scopes or ("ask",), origins=origins, lifetime=_lifetime(expires), rate=rate)
    click.echo(token)
    click.echo(
        f"Key {key.id} ({', '.join(key.scopes)}) is kept in {file.path}; note it now, it is not shown again.", err=True
    )


@keys.command("list")
@state_option
def list_keys(state: Path | None) -> None:
    """Show all keys, revoked ones too, but for the keys themselves."""
    from procqa.service.keys import KeyFile

    rows = [("ID", "STATE", "SCOPES", "EXPIRES", "RATE", "NAME", "ORIGINS")]
    now = datetime.now(UTC)
    for key in KeyFile(settings_from(state=state).state).read():
        scopes, origins = ",".join(key.scopes), " ".join(key.origins) or "-"
        rows.append((key.id, key.state(now), scopes, key.expires or "-", key.rate or "-", key.name, origins))
    if len(rows) == 1:
        click.echo("There are no keys; make one with `procqa keys create NAME`.", err=True)
        return
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        click.echo("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())


@keys.command()
@click.argument("identity", metavar="ID")
@state_option
def revoke(identity: str, state: Path | None) -> None:
    """Make a key useless at once."""
    from procqa.service.keys import KeyFile

    key = KeyFile(settings_from(state=state).state).revoke(identity)
    click.echo(f"Key {key.id} ({key.name}) is revoked.")


def _lifetime(text: str | None) -> timedelta | None:
    if text is None:
        return None
    parts = re.fullmatch(r"([1-9]\d{0,4})([hdw])", text.strip())
    if parts is None:
        raise ProcqaError(f"{text!r} is no time; give hours, days or weeks, as in 12h, 90d or 8w.")
    return int(parts[1]) * _UNITS[parts[2]]
