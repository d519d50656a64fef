"""What to teach from what: the options of `procqa train`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """`first` are general sets (pages, questions) for the reader, and for an encoder with a teacher.

    `teacher` is a larger model, told like `base`, and `asked` are files of questions, one a line, that an encoder with
    a teacher learns from too. `reader_gold` are questions that the reader alone is taught, beside `gold`; such an
    encoder learns from their texts. `layers` of the base are kept, None for all. With no `epochs` the encoder stays as
    it is; `reader_epochs` are half as many, unless told.
    """

    corpus: Path
    gold: tuple[Path, ...]
    out: Path
    base: str = ""
    dev_corpus: Path | None = None
    dev_gold: Path | None = None
    first: tuple[tuple[Path, Path], ...] = ()
    epochs: int = 3
    layers: int | None = None
    seed: int = 1
    licence: str = ""
    teacher: str = ""
    asked: tuple[Path, ...] = ()
    reader_epochs: int | None = None
    reader_gold: tuple[Path, ...] = ()

    @property
    def passes_of_reader(self) -> int:
        """Passes of the reader: it sees a question beside several passages, so one is worth two of the encoder's."""
        return max(1, -(-self.epochs // 2)) if self.reader_epochs is None else self.reader_epochs

    def sources(self) -> list[str]:
        """What is taught from."""
        return [
            *(str(corpus) for corpus, _ in self.first),
            *map(str, self.asked),
            str(self.corpus),
            *map(str, self.gold),
            *map(str, self.reader_gold),
        ]

    def command(self) -> list[str]:
        """The words of the command line that does the same."""
        options: list[tuple[str, *tuple[object, ...]]] = [
            ("--base", self.base),
            ("--corpus", self.corpus),
            *(("--gold", gold) for gold in self.gold),
            *(("--reader-gold", gold) for gold in self.reader_gold),
            ("--dev-corpus", self.dev_corpus),
            ("--dev-gold", self.dev_gold),
            *(("--first", *pair) for pair in self.first),
            *(("--asked", asked) for asked in self.asked),
            ("--epochs", self.epochs),
            ("--reader-epochs", self.reader_epochs),
            ("--layers", self.layers),
            ("--teacher", self.teacher),
            ("--seed", self.seed),
            ("--licence", self.licence),
            ("--out", self.out),
        ]
        given = [(name, *values) for name, *values in options if all(value not in ("", None) for value in values)]
        return ["procqa", "train", *(str(word) for option in given for word in option)]
