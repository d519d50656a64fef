"""`procqa doctor`: what is wrong, and the command that mends it."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

import click

from procqa.cli.options import aliases_option, index_option, settings_from


@click.command()
@click.argument("corpus", required=False, type=click.Path(path_type=Path))
@index_option
@aliases_option
@click.option("--model", help="Path or name of the model to build with.  [default: the shipped one]")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a finding.")
def doctor(corpus: Path | None, index: Path | None, aliases: str | None, model: str | None, as_json: bool) -> None:
    """Look at environment, model, index and CORPUS (default corpus/), and tell what is wrong and what mends it.

    Nothing is changed. Exit 1 when there is a problem: something that keeps procqa from working. Warnings make answers
    worse, notes are good to know.
    """
    from procqa.doctor import Weight, examine

    settings = settings_from(corpus=corpus, index=index, aliases=aliases, model=model)
    found = []
    for finding in examine(settings):
        found.append(finding)
        if as_json:
            click.echo(json.dumps(asdict(finding), ensure_ascii=False))
            continue
        click.echo(f"{finding.weight.upper()}  {finding.part}: {finding.sentence}")
        if finding.mend:
            click.echo(f"    mend: {finding.mend}")
    problems = sum(finding.weight is Weight.PROBLEM for finding in found)
    if not as_json:
        click.echo(f"{problems} problems, {len(found) - problems} other findings." if found else "All is well.")
    if problems:
        sys.exit(1)
