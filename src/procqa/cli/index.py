"""`procqa index`: build an index."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from procqa.cli.options import index_option, settings_from, threads_option
from procqa.index.build import BuildReport, build_index
from procqa.index.manifest import Manifest, damage
from procqa.index.versions import current_folder
from procqa.progress import shown_on

_SHOWN = 20  # pages set aside that are listed; the rest are in report.json


@click.group()
def index() -> None:
    """Build and look after the index."""


@index.command()
@click.argument("corpus", required=False, type=click.Path(path_type=Path))
@index_option
@click.option("--model", help="Path or name of a sentence-transformers model.  [default: the packaged MiniLM]")
@click.option("--passage-tokens", type=int, help="Longest passage, in tiktoken tokens.  [default: 180]")
@click.option("--strict", is_flag=True, help="Fail (exit 1) when any page cannot be read.")
@threads_option
def build(
    corpus: Path | None,
    index: Path | None,
    model: str | None,
    passage_tokens: int | None,
    strict: bool,
    threads: int | None,
) -> None:
    """Read CORPUS (a folder or file; default corpus/), split, embed, and publish a snapshot.

    Passages that have not changed since the last build keep their vectors. Pages that cannot be read are set aside and
    listed; the others go on.
    """
    settings = settings_from(corpus=corpus, index=index, model=model, passage_tokens=passage_tokens, threads=threads)
    report = build_index(settings, strict=strict, progress=shown_on(sys.stderr))
    _show(report, settings.index)
    if not report.version:
        click.echo("Nothing was published: under --strict every page must be readable.", err=True)
        sys.exit(1)


@index.command()
@index_option
def verify(index: Path | None) -> None:
    """Check every file of the current snapshot against its checksum; exit 1 when any is damaged."""
    folder = current_folder(settings_from(index=index).index)
    if folder is None:
        click.echo("No index has been built yet; run `procqa index build`.", err=True)
        sys.exit(1)
    wrong = damage(folder, Manifest.load(folder), checksums=True)
    for sentence in wrong:
        click.echo(f"{folder.name}: {sentence}", err=True)
    if wrong:
        click.echo("Rebuild the index with `procqa index build`.", err=True)
        sys.exit(1)
    click.echo(f"{folder.name}: every file is as it was built.")


def _show(report: BuildReport, index: Path) -> None:
    for page in report.set_aside[:_SHOWN]:
        click.echo(f"Set aside: {page.reason}", err=True)
    if len(report.set_aside) > _SHOWN:
        click.echo(f"… and {len(report.set_aside) - _SHOWN} more, all in report.json of the snapshot.", err=True)
    met = report.documents + len(report.set_aside)
    click.echo(
        f"{met} pages met: {report.documents} indexed, {len(report.set_aside)} set aside. "
        f"{report.passages} passages, {report.embedded} newly embedded. {report.removals} boilerplate lines removed."
    )
    if report.missing_sections:
        absent = ", ".join(f"{name} {count}" for name, count in sorted(report.missing_sections.items()))
        click.echo(f"Pages without a section: {absent}.")
    if not report.version:
        return
    state = "is the new snapshot" if report.published else "is current: nothing had changed"
    click.echo(f"{index}: {report.version} {state}.")
