"""Options that several commands share, declared once."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from procqa.settings import Settings

index_option = click.option(
    "--index",
    "index",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of the index.  [default: index/]",
)
threads_option = click.option(
    "--threads",
    type=click.IntRange(0, 256),
    help="Threads that read one text, 0 for one; as many texts are read at once as fill the cores.  [default: 0]",
)
fast_option = click.option(
    "--fast",
    is_flag=True,
    default=None,
    help="Answer without the reader: less than twice as fast, and more often an answer where no page has one.",
)
aliases_option = click.option(
    "--aliases",
    type=click.Path(dir_okay=False),
    help="File of other names of procedures.  [default: aliases.txt in CORPUS, if there is one]",
)
state_option = click.option(
    "--state",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of what a service writes: keys, and what it is told to keep.  [default: state/]",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print the object that the HTTP service answers.")


def settings_from(**values: Any) -> Settings:
    """Settings from the environment, overridden by the options that were given."""
    return Settings.from_environment(os.environ).with_values(**values)
