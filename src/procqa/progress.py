"""Progress of long work: a bar with rate and time left on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TextIO

from tqdm import tqdm

LINE_EVERY_SECONDS = 10.0


# progress(stage, total or None when it is not known, unit) opens a counter: call it with the units just done.
Progress = Callable[[str, int | None, str], AbstractContextManager[Callable[[int], None]]]


@contextmanager
def silent(stage: str, total: int | None, unit: str) -> Iterator[Callable[[int], None]]:
    """Progress that shows nothing."""
    yield lambda count: None


def shown_on(stream: TextIO) -> Progress:
    """Progress written to a stream: a bar when it is a terminal, else a line every ten seconds and at the end."""
    return _bar(stream) if stream.isatty() else _lines(stream)


def _bar(stream: TextIO) -> Progress:
    @contextmanager
    def show(stage: str, total: int | None, unit: str) -> Iterator[Callable[[int], None]]:
        with tqdm(total=total, desc=stage, unit=f" {unit}", file=stream, smoothing=0.1) as bar:

            def advance(count: int) -> None:
                bar.update(count)

            yield advance

    return show


def _lines(stream: TextIO) -> Progress:
    @contextmanager
    def show(stage: str, total: int | None, unit: str) -> Iterator[Callable[[int], None]]:
        began = told = time.monotonic()
        done = 0

        def tell() -> None:
            seconds = time.monotonic() - began
            # Its stubs forbid None, with which it counts towards no known total.
            meter = tqdm.format_meter(done, total, seconds, unit=f" {unit}", prefix=stage, ncols=0)  # type: ignore[arg-type]
            stream.write(meter + "\n")
            stream.flush()

        def advance(count: int) -> None:
            nonlocal done, told
            done += count
            if time.monotonic() - told >= LINE_EVERY_SECONDS:
                told = time.monotonic()
                tell()

        yield advance
        tell()

    return show
