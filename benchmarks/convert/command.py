"""The command line that every converter has: `--data` with the sets, `--out` for what is written."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from procqa.errors import ProcqaError
from procqa.evaluation.importers import Imported

DATA = Path(__file__).parents[3] / "shared" / "data"
Convert = Callable[[Path, Path], Imported]


def run(convert: Convert, description: str, arguments: Sequence[str] | None = None) -> int:
    """Convert as the arguments say and print the account; the exit code, 2 for an error that is told in a sentence."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--data", type=Path, default=DATA, help="folder that holds the data sets (%(default)s)")
    parser.add_argument("--out", type=Path, required=True, help="folder to write to")
    given = parser.parse_args(arguments)
    try:
        imported = convert(data_folder(given.data), given.out)
    except ProcqaError as error:
        print(error, file=sys.stderr)
        return 2
    print(imported.describe())
    return 0


def data_folder(data: Path) -> Path:
    """The folder that `--data` names. Raises ProcqaError when there is none."""
    if not data.is_dir():
        raise ProcqaError(f"There is no folder {data}; name the one that holds the data sets with --data.")
    return data
