"""Builds, prunes and rolls back for ever, until it is killed: `python killed.py CORPUS INDEX SEED`.

Every page of one state of the corpus tells the same number of days, so that a mixture would show.
"""

from __future__ import annotations

import random
import shutil
import sys
from dataclasses import replace
from pathlib import Path

from procqa.index.build import build_index
from procqa.index.locks import sole_writer
from procqa.index.versions import list_versions, prune, roll_back
from procqa.settings import Settings
from tests.conftest import WordEncoder

PAGES = 6


def write_state(corpus: Path, days: int) -> None:
    """The pages of a state, each put in its place at once, as an editor does."""
    for number in range(PAGES):
        text = (
            f"# Operation {chr(65 + number)}\n\n## Recovery\n\nYou rest for {days} days.\n\n## Duration\n\nOne hour.\n"
        )
        staged = corpus / f".{number}.tmp"
        staged.write_text(text)
        staged.replace(corpus / f"operation-{number}.md")


def main(corpus: Path, index: Path, seed: int) -> None:
    chance = random.Random(seed)
    settings = Settings(corpus=corpus, index=index)
    encoder = WordEncoder()
    sys.stdout.write("begun\n")
    sys.stdout.flush()
    shutil.rmtree(index.with_name("gone"), ignore_errors=True)
    while True:
        draw = chance.random()
        if draw < 0.7:
            write_state(corpus, chance.randrange(100, 1000))
            build_index(replace(settings, keep=chance.randrange(1, 4)), encoder=encoder)
        elif draw < 0.8:
            # So that first builds are killed too; away at once, for this process may be killed while it removes.
            index.rename(index.with_name("gone"))
            shutil.rmtree(index.with_name("gone"))
            write_state(corpus, chance.randrange(100, 1000))  # the last one may have been killed in the midst of it
            build_index(settings, encoder=encoder)
        elif draw < 0.9:
            with sole_writer(index):
                prune(index, 1)
        elif len(list_versions(index)) > 1 and not all(version.current for version in list_versions(index)[-1:]):
            roll_back(index)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
