"""`procqa questions`: what a service was told to keep of the questions that it was asked."""

from __future__ import annotations

import json
from pathlib import Path

import click

from procqa.cli.options import settings_from, state_option


@click.group()
def questions() -> None:
    """Export or remove the questions that a service keeps (PROCQA_KEEP_QUESTIONS_DAYS; by default none)."""


@questions.command()
@state_option
def export(state: Path | None) -> None:
    """Print the questions that are kept, one JSON object a line, the oldest first."""
    from procqa.service.kept import KeptQuestions

    settings = settings_from(state=state)
    for row in KeptQuestions(settings.state, settings.keep_questions_days).all():
        click.echo(json.dumps(row, ensure_ascii=False))


@questions.command()
@click.argument("identities", metavar="[ID]...", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Remove every question.")
@state_option
def remove(identities: tuple[str, ...], everything: bool, state: Path | None) -> None:
    """Remove the questions of the answers with these ids, from the disk too."""
    from procqa.service.kept import KeptQuestions

    if everything == bool(identities):
        raise click.UsageError("Give either the ids of answers or --all.")
    settings = settings_from(state=state)
    kept = KeptQuestions(settings.state, settings.keep_questions_days)
    count = kept.remove_all() if everything else sum(kept.remove(identity) for identity in identities)
    click.echo(f"Removed {count} question{'' if count == 1 else 's'}.")
