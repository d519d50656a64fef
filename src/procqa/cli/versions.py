"""`procqa index list | verify | rollback | prune`: the snapshots that there are."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from procqa.cli.options import index_option, settings_from
from procqa.index.locks import sole_writer
from procqa.index.snapshot import STORE
from procqa.index.store import Store
from procqa.index.versions import Version, clean, current_folder, list_versions, roll_back, version_damage
from procqa.index.versions import prune as prune_versions


@click.command("list")
@index_option
def list_(index: Path | None) -> None:
    """List the snapshots, newest first."""
    folder = settings_from(index=index).index
    versions = list_versions(folder)
    if not versions:
        click.echo(f"There is no snapshot in {folder}; make one with `procqa index build`.", err=True)
        sys.exit(1)
    for version in versions:
        click.echo(_line(version))


@click.command()
@index_option
@click.option("--all", "every", is_flag=True, help="Check every snapshot, not only the current one.")
def verify(index: Path | None, every: bool) -> None:
    """Check every file of the current snapshot against its checksum; exit 1 when any is damaged."""
    folder = settings_from(index=index).index
    current = current_folder(folder)
    if current is None:
        click.echo("No index has been built yet; run `procqa index build`.", err=True)
        sys.exit(1)
    if not current.is_dir():
        click.echo(f"The current snapshot {current.name} is gone; run `procqa index build` or `rollback`.", err=True)
        sys.exit(1)
    versions = [version for version in list_versions(folder) if version.current or every]
    damaged = False
    for version in versions:
        wrong = version_damage(version)
        for sentence in wrong:
            click.echo(f"{version.name}: {sentence}", err=True)
        if not wrong:
            click.echo(f"{version.name}: every file is as it was built.")
        damaged = damaged or bool(wrong)
    if damaged:
        click.echo("Rebuild the index with `procqa index build`, or go back with `procqa index rollback`.", err=True)
        sys.exit(1)


@click.command()
@click.argument("version", required=False)
@index_option
def rollback(version: str | None, index: Path | None) -> None:
    """Make VERSION current again (default: the newest whole snapshot before the current one).

    It is checked first, and a running service takes it over. The next build starts from it, and from the pages as they
    then are.
    """
    folder = settings_from(index=index).index
    before = current_folder(folder)
    chosen = roll_back(folder, version)
    click.echo(f"{folder}: {chosen.name} is current again.")
    back = sorted(_pages(chosen) - _pages(before)) if before and before.is_dir() else []
    if back:
        click.echo(f"Answered again, though gone from the snapshot before: {', '.join(back)}.", err=True)


@click.command()
@index_option
@click.option("--keep", type=click.IntRange(1), help="Snapshots to keep, the current one counted.  [default: 3]")
def prune(index: Path | None, keep: int | None) -> None:
    """Remove old snapshots, but for the current one and those that are being read.

    With --keep 1 no word of a deleted page stays in the index.
    """
    settings = settings_from(index=index, keep=keep)
    with sole_writer(settings.index):
        clean(settings.index)
        removed = prune_versions(settings.index, settings.keep)
    click.echo(f"Removed: {', '.join(removed)}." if removed else "There was nothing to remove.")
    held = [version.name for version in list_versions(settings.index)[settings.keep :] if version.held]
    if held:
        click.echo(f"Kept since a process reads it: {', '.join(held)}.", err=True)


def _line(version: Version) -> str:
    state = ", ".join(word for word, true in (("current", version.current), ("being read", version.held)) if true)
    if version.manifest is None:
        return f"{version.name}  its manifest cannot be read  {state}".rstrip()
    m = version.manifest
    megabytes = sum(int(entry["bytes"]) for entry in m.files.values()) / 1e6
    search = ", ".join(f"{name} {value}" for name, value in m.search.items() if name != "kind")
    kind = f"{m.search['kind']} ({search})" if search else str(m.search["kind"])
    return (
        f"{version.name}  {m.built_at}  {m.documents} pages  {m.passages} passages  {megabytes:.0f} MB  "
        f"{m.embedding_model}  {kind}  {state}"
    ).rstrip()


def _pages(folder: Path) -> set[str]:
    store = Store(folder / STORE)
    try:
        return set(store.page_keys())
    finally:
        store.close()
