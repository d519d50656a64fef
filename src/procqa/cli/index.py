"""`procqa index build` and `watch`: make an index and keep it up to date."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from procqa.cli.options import aliases_option, index_option, settings_from, threads_option
from procqa.cli.versions import list_, prune, rollback, verify
from procqa.errors import ProcqaError
from procqa.index.aliases import aliases_path
from procqa.index.build import BuildReport, Gate, build_index, plan_index
from procqa.progress import shown_on
from procqa.settings import Settings

_SHOWN = 20  # pages that are listed of a kind; those set aside are all in report.json


@click.group()
def index() -> None:
    """Build and look after the index."""


for command in (list_, verify, rollback, prune):
    index.add_command(command)


def build_options(command: Callable[..., None]) -> Callable[..., None]:
    """What `build` and `watch` have in common."""
    for option in (
        threads_option,
        click.option(
            "--gate",
            type=click.Path(path_type=Path, dir_okay=False),
            help="Publish only if these gold questions are answered as well as by the current snapshot.",
        ),
        click.option("--keep", type=click.IntRange(1), help="Snapshots to keep, the new one counted.  [default: 3]"),
        click.option("--strict", is_flag=True, help="Fail (exit 1) when any page cannot be read."),
        click.option("--passage-tokens", type=int, help="Longest passage, in tiktoken tokens.  [default: 180]"),
        click.option("--model", help="Path or name of a sentence-transformers model.  [default: the shipped one]"),
        aliases_option,
        index_option,
        click.argument("corpus", required=False, type=click.Path(path_type=Path)),
    ):
        command = option(command)
    return command


@index.command()
@build_options
@click.option("--dry-run", is_flag=True, help="Say what a build would do, and change nothing.")
def build(dry_run: bool, strict: bool, gate: Path | None, **values: Any) -> None:
    """Read CORPUS (a folder or file; default corpus/), split, embed, and publish a snapshot.

    Only what changed since the last build is read, split and embedded. Pages that cannot be read are set aside and
    listed; the others go on. Snapshots older than those kept are removed, except those in use.
    """
    settings = settings_from(**values)
    if dry_run:
        _show_plan(plan_index(settings, progress=shown_on(sys.stderr)), settings.index)
    elif not _build(settings, strict, _gate(gate, settings)):
        sys.exit(1)


@index.command()
@build_options
@click.option(
    "--every", type=click.FloatRange(0.1, 3600), default=2.0, show_default=True, help="Seconds between two looks."
)
def watch(strict: bool, gate: Path | None, every: float, **values: Any) -> None:
    """Build CORPUS now and again whenever its pages change, until stopped (Ctrl-C).

    A build that fails says why, leaves the index as it was, and is tried again.
    """
    from procqa.index.watch import watch as watch_pages

    settings = settings_from(**values)
    checked = _gate(gate, settings)
    said = ""

    def build_once() -> bool:
        nonlocal said
        try:
            _build(settings, strict, checked)
            said = ""
        except ProcqaError as error:
            if str(error) != said:
                click.echo(f"procqa: {error}", err=True)
            said = str(error)
            return False
        return True

    try:
        watch_pages(settings.corpus, build_once, threading.Event(), every, [aliases_path(settings)])
    except KeyboardInterrupt:
        click.echo("Stopped.", err=True)


def _gate(gold: Path | None, settings: Settings) -> Gate | None:
    if gold is None:
        return None
    from procqa.evaluation.publication import publication_gate  # the evaluation takes a second to import

    return publication_gate(gold, settings.index, threads=settings.threads, progress=shown_on(sys.stderr))


def _build(settings: Settings, strict: bool, gate: Gate | None) -> bool:
    """Build and tell; whether there is a snapshot of these pages now."""
    report = build_index(settings, strict=strict, progress=shown_on(sys.stderr), gate=gate)
    _show_reading(report)
    for sentence in report.refused:
        click.echo(f"Gate: {sentence}", err=True)
    if report.refused:
        click.echo("Nothing was published: the current snapshot stays.", err=True)
    elif not report.version:
        click.echo("Nothing was published: under --strict every page must be readable.", err=True)
    else:
        state = "is the new snapshot" if report.published else "is current: nothing had changed"
        click.echo(f"{settings.index}: {report.version} {state}.")
    if report.pruned:
        click.echo(f"Removed: {', '.join(report.pruned)}.")
    return bool(report.version)


def _show_reading(report: BuildReport) -> None:
    for page in report.set_aside[:_SHOWN]:
        click.echo(f"Set aside: {page.reason}", err=True)
    if len(report.set_aside) > _SHOWN:
        click.echo(f"… and {len(report.set_aside) - _SHOWN} more, all in report.json of the snapshot.", err=True)
    for need in report.needs:
        click.echo(need)
    met = report.documents + len(report.set_aside)
    click.echo(
        f"{met} pages met: {report.documents} indexed, {len(report.set_aside)} set aside. "
        f"{report.passages} passages, {report.embedded} newly embedded. {report.removals} boilerplate lines removed."
    )
    changes = report.changes
    if changes:
        counts = {name: len(getattr(changes, name)) for name in ("new", "changed", "moved", "deleted")}
        click.echo(f"Pages since the last build: {', '.join(f'{count} {name}' for name, count in counts.items())}.")
    if report.missing_sections:
        absent = ", ".join(f"{name} {count}" for name, count in sorted(report.missing_sections.items()))
        click.echo(f"Pages without a section: {absent}.")


def _show_plan(report: BuildReport, index: Path) -> None:
    _show_reading(report)
    changes = report.changes
    pages = {
        "New": list(changes.new),
        "Changed": list(changes.changed),
        "Moved": [f"{source} to {target}" for source, target in changes.moved],
        "Deleted": list(changes.deleted),
    }
    for kind, names in pages.items():
        for name in names[:_SHOWN]:
            click.echo(f"{kind}: {name}")
        if len(names) > _SHOWN:
            click.echo(f"{kind}: … and {len(names) - _SHOWN} more")
    if not report.documents:
        click.echo("There is no page to index.")
    elif changes or report.needs:
        click.echo(f"A build would embed {report.embedded} of {report.passages} passages and publish a snapshot.")
    else:
        click.echo(f"{index}: {report.version} is current: a build would publish nothing.")
