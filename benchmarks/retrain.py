"""`python -m benchmarks.retrain`: teach the models that ship, from public weights, and fit what hangs on them.

    python -m benchmarks.retrain --teacher MODEL --data DIR --work FOLDER [--install]

The general sets are read from DIR (benchmarks/README.md), the models are taught (`procqa train`), indexes are built
with them and the calibrations fitted, with the reader and without. All of it is kept in FOLDER; started again, it goes
on where it was stopped. With `--install` models and calibrations take the place of those in the package. Needs
`pip install "procqa[train,benchmarks]"`.
"""

from __future__ import annotations

import argparse
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from benchmarks.convert import clapnq, fairytaleqa
from benchmarks.convert.command import DATA, data_folder
from procqa.embedding.sources import PLAIN_NAME, WEIGHTS_FOLDER
from procqa.errors import ProcqaError
from procqa.evaluation.importers import Imported, import_squad

TOP = Path(__file__).parents[1]
EVAL, TRAIN = TOP / "eval", TOP / "eval" / "train"
PACKAGE = TOP / "src" / "procqa"
NAME, CARD = "procqa-mini", "README.md"
# Gold files of eval/train: those that both models are taught, and those that the reader is taught beside them. What is
# between is gold-dev-2 now.
GOLD, READER_GOLD = range(1, 52), (*range(52, 55), *range(63, 78))
EPOCHS, READER_EPOCHS = 2, 2
# Of gold-dev's questions that have an answer; the threshold lies where so many are refused.
REFUSALS = "0.115"
SQUADSHIFTS = ("new_wiki", "reddit", "amazon_reviews")


def general_sets(data: Path, folder: Path) -> list[Path]:
    """Turn the public sets below `data` into folders of `corpus.jsonl` and `gold.jsonl`. Raises GoldError."""
    makers: dict[str, Callable[[Path], Imported]] = {
        **{name: partial(import_squad, data / "squadshifts" / f"{name}_v1.0.json.gz") for name in SQUADSHIFTS},
        "fairytaleqa": partial(fairytaleqa.convert, data),
        "clapnq": partial(clapnq.convert, data),
    }
    for name, make in makers.items():
        print(f"{name}: {make(folder / name).describe()}", flush=True)
    return [folder / name for name in makers]


def training(teacher: Path, general: Sequence[Path], out: Path) -> Iterator[str]:
    """The words of the command that teaches the models."""
    yield from ("train", "--base", PLAIN_NAME, "--teacher", str(teacher), "--out", str(out))
    yield from ("--epochs", str(EPOCHS), "--reader-epochs", str(READER_EPOCHS))
    yield from ("--corpus", str(TRAIN / "corpus"), "--asked", str(TRAIN / "asked.txt"))
    for option, numbers in (("--gold", GOLD), ("--reader-gold", READER_GOLD)):
        for number in numbers:
            yield from (option, str(TRAIN / f"gold-{number:02}.jsonl"))
    yield from ("--dev-corpus", str(TOP / "corpus"), "--dev-gold", str(EVAL / "gold-dev.jsonl"))
    for held in general:
        yield from ("--first", str(held / "corpus.jsonl"), str(held / "gold.jsonl"))
    yield from ("--licence", "Apache-2.0")


def fitting(model: Path, work: Path) -> Iterator[Sequence[str]]:
    """The commands that build the indexes and fit the calibrations."""
    index, second = str(work / "index"), str(work / "index-dev-2")
    yield "index", "build", str(TOP / "corpus"), "--index", index, "--model", str(model)
    yield "index", "build", str(EVAL / "dev-2"), "--index", second, "--model", str(model)
    calibrate = ("eval", "calibrate", "--gold", str(EVAL / "gold-dev.jsonl"), "--index", index)
    also = ("--also", str(EVAL / "gold-dev-2.jsonl"), second, "--refusals", REFUSALS)
    yield *calibrate, *also
    yield *calibrate, *also, "--fast"


def install(model: Path, index: Path) -> None:
    """Put models and calibrations into the package; its card, which tells more than a run knows, stays."""
    unwanted = shutil.ignore_patterns(WEIGHTS_FOLDER, CARD)
    shutil.copytree(model, PACKAGE / "embedding" / "model", ignore=unwanted, dirs_exist_ok=True)
    for calibration in index.glob("calibration*.json"):
        shutil.copyfile(calibration, PACKAGE / "answering" / calibration.name)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--teacher", type=Path, required=True, help="folder of the model all-mpnet-base-v2")
    parser.add_argument("--data", type=Path, default=DATA, help="folder that holds the public sets (%(default)s)")
    parser.add_argument("--work", type=Path, required=True, help="folder for all that is made")
    parser.add_argument("--install", action="store_true", help="put the result into the package")
    given = parser.parse_args(arguments)
    model = given.work / NAME
    try:
        data = data_folder(given.data)
        if not (model / CARD).is_file():  # written last of all
            _procqa(list(training(given.teacher, general_sets(data, given.work / "general"), model)))
        for words in fitting(model, given.work):
            _procqa(words)
    except ProcqaError as error:
        print(error, file=sys.stderr)
        return 2
    if given.install:
        install(model, given.work / "index")
    return 0


def _procqa(words: Sequence[str]) -> None:
    """Run a procqa command of this environment, and show it. Raises ProcqaError when it fails."""
    print(shlex.join(["procqa", *words]), flush=True)
    done = subprocess.run([str(Path(sys.executable).with_name("procqa")), *words], check=False)
    if done.returncode:
        raise ProcqaError(f"`procqa {words[0]}` ended with {done.returncode}; mend what it says and start this again.")


if __name__ == "__main__":
    sys.exit(main())
