"""`procqa train`: teach the models on one's own pages and questions."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import click

from procqa.errors import ProcqaError
from procqa.progress import shown_on

_folder = click.Path(path_type=Path, file_okay=False)
_file = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.option("--corpus", type=click.Path(path_type=Path), required=True, help="The pages that the questions ask of.")
@click.option("--gold", type=_file, multiple=True, required=True, help="Gold questions; may be repeated.")
@click.option("--out", type=_folder, required=True, help="Folder for the model; an unfinished run in it goes on.")
@click.option("--base", default="", help="Model to begin from, by name or folder.  [default: the packaged model]")
@click.option("--dev-corpus", type=click.Path(path_type=Path), help="The pages of --dev-gold.  [default: --corpus]")
@click.option(
    "--dev-gold",
    type=_file,
    help="Questions that only tell when to stop and what it was worth.  [default: a third of --gold, by page]",
)
@click.option(
    "--first",
    type=(click.Path(path_type=Path), _file),
    multiple=True,
    metavar="CORPUS GOLD",
    help="A general set (pages and questions) that the reader is taught before, and by which an encoder with a teacher "
    "keeps its other English; may be repeated.",
)
@click.option(
    "--reader-gold",
    type=_file,
    multiple=True,
    help="Gold questions over the same pages that the reader alone is taught, beside --gold: where these are many, an "
    "encoder learns no more from further ones, and the reader does; with --teacher an encoder learns from their texts. "
    "May be repeated.",
)
@click.option(
    "--epochs",
    type=click.IntRange(0, 100),
    default=3,
    show_default=True,
    help="Passes of the encoder over the questions; 0 leaves it as it is, and teaches the reader alone.",
)
@click.option(
    "--reader-epochs", type=click.IntRange(1, 100), help="Those of the reader.  [default: half as many, at least one]"
)
@click.option(
    "--layers", type=click.IntRange(1), help="Keep so many layers of the base: faster, and less good.  [default: all]"
)
@click.option(
    "--teacher",
    default="",
    help="Folder of a larger model that is taught first, for the encoder to learn from: better, and slower to teach.",
)
@click.option(
    "--asked",
    type=_file,
    multiple=True,
    help="A text file with a question a line, from your logs for example, which needs no answers: an encoder with a "
    "teacher learns to read them as that does. May be repeated.",
)
@click.option("--seed", type=int, default=1, show_default=True)
@click.option("--licence", default="", help="Of the weights, in words: for the card.")
def train(
    corpus: Path,
    gold: tuple[Path, ...],
    out: Path,
    base: str,
    dev_corpus: Path | None,
    dev_gold: Path | None,
    first: tuple[tuple[Path, Path], ...],
    reader_gold: tuple[Path, ...],
    epochs: int,
    reader_epochs: int | None,
    layers: int | None,
    teacher: str,
    asked: tuple[Path, ...],
    seed: int,
    licence: str,
) -> None:
    """Teach a model from gold questions, and save it where `procqa index build --model` takes it.

    Needs `pip install "procqa[train]"`. Tells at the end whether the dev questions got better; exits with 1 when not.
    Stopped, it goes on where it was when it is started again in the same way.
    """
    if asked and not teacher:
        raise click.UsageError("What is --asked is learned from a teacher; give --teacher too.")
    if not epochs and (teacher or layers is not None):
        raise click.UsageError("With --epochs 0 the encoder stays as it is; leave out --teacher and --layers.")
    logging.getLogger("procqa.training").setLevel(logging.INFO)
    try:
        from procqa.training.plan import TrainingPlan
        from procqa.training.run import train_model
    except ImportError as error:
        raise ProcqaError(f'Training needs more packages ({error.name}); run `pip install "procqa[train]"`.') from None
    plan = TrainingPlan(
        corpus,
        gold,
        out,
        base,
        dev_corpus,
        dev_gold,
        first,
        epochs,
        layers,
        seed,
        licence,
        teacher,
        asked,
        reader_epochs,
        reader_gold,
    )
    outcome = train_model(plan, shown_on(sys.stderr))
    click.echo(outcome.describe())
    click.echo(f"Written: {out}, which `procqa index build --model {out}` takes, with a card in its README.md.")
    sys.exit(0 if outcome.better else 1)
