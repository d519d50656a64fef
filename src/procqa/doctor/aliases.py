"""The file of other names: whether it can be read, is that of the index, and names procedures that there are."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from procqa.doctor.finding import Finding, Weight
from procqa.errors import ReadError
from procqa.index.aliases import aliases_path, aliases_text, kept_aliases, parse_aliases
from procqa.settings import Settings


def aliases_findings(settings: Settings, titles: Sequence[str], build: str) -> Iterator[Finding]:
    """What is wrong with the aliases of a corpus whose pages have these titles; `build` is the command to read them."""
    path = aliases_path(settings)
    try:
        entries = parse_aliases(aliases_text(settings), str(path))
    except ReadError as error:
        yield Finding("aliases", Weight.PROBLEM, str(error), f"mend or remove {path}, then {build}")
        return
    known = [_words(title) for title in titles]
    for entry in entries:
        if not any(_words(entry.name) <= title for title in known):
            yield Finding(
                "aliases",
                Weight.WARNING,
                f"{path.name}, line {entry.line}: no page is called {entry.name!r}: its other names lead nowhere.",
                f"put the words of a page's title before the `=`, then {build}",
            )


def outdated_aliases(folder: Path, settings: Settings, build: str) -> Iterator[Finding]:
    """Whether the snapshot in a folder was built with other aliases than there are now."""
    try:
        same = aliases_text(settings) == kept_aliases(folder)
    except (OSError, ReadError):
        return  # told of the file, or of the snapshot, itself
    if not same:
        yield Finding("index", Weight.WARNING, "The aliases are not those that the index was built with.", build)


def _words(name: str) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", name.casefold()))
