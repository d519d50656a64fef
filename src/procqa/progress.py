"""Progress of long work: a bar with rate and time left on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol, TextIO

from tqdm import tqdm

LINE_EVERY_SECONDS = 10.0


class Advance(Protocol):
    """Counts what is done."""

    def __call__(self, count: int, note: str = "") -> None:
        """So many units more; `note` is shown behind the count until there is another."""


# progress(stage, total or None when it is not known, unit) opens a counter: call it with the units just done.
Progress = Callable[[str, int | None, str], AbstractContextManager[Advance]]


@contextmanager
def silent(stage: str, total: int | None, unit: str) -> Iterator[Advance]:
    """Progress that shows nothing."""
    yield lambda count, note="": None


def shown_on(stream: TextIO) -> Progress:
    """Progress written to a stream: a bar when it is a terminal, else a line every ten seconds and at the end."""
    return _bar(stream) if stream.isatty() else _lines(stream)


def _bar(stream: TextIO) -> Progress:
    @contextmanager
    def show(stage: str, total: int | None, unit: str) -> Iterator[Advance]:
        with tqdm(total=total, desc=stage, unit=f" {unit}", file=stream, smoothing=0.1) as bar:

            def advance(count: int, note: str = "") -> None:
                if note:
                    bar.set_postfix_str(note, refresh=False)
                bar.update(count)

            yield advance

    return show


def _lines(stream: TextIO) -> Progress:
    @contextmanager
    def show(stage: str, total: int | None, unit: str) -> Iterator[Advance]:
        began = told = time.monotonic()
        done, noted = 0, ""

        def tell() -> None:
            seconds = time.monotonic() - began
            # Its stubs forbid None, with which it counts towards no known total.
            meter = tqdm.format_meter(done, total, seconds, unit=f" {unit}", prefix=stage, ncols=0, postfix=noted)  # type: ignore[arg-type]
            stream.write(meter + "\n")
            stream.flush()

        def advance(count: int, note: str = "") -> None:
            nonlocal done, told, noted
            done += count
            noted = note or noted
            if time.monotonic() - told >= LINE_EVERY_SECONDS:
                told = time.monotonic()
                tell()

        yield advance
        tell()

    return show
