"""Building again whenever the pages change."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from procqa.errors import ReadError
from procqa.readers import corpus_files

# After a build that failed (another one was running, the disk was full) the next is tried after this time.
RETRY_SECONDS = 30.0


def watch(
    corpus: Path, build: Callable[[], bool], stop: threading.Event, every: float, also: Sequence[Path] = ()
) -> None:
    """Build now, and again after each change, until stopped; `build` tells whether there is nothing left to do.

    `also` are files beside the pages whose change counts.

    The pages are looked at every so many seconds, and built once they have rested for as long: whoever copies a
    thousand pages sees one build. Looking, rather than being told by the system, works on network and container
    file systems too, and costs some ten milliseconds for a thousand pages.
    """
    built: object = None
    before = fingerprint(corpus, also)
    pause = every
    while not stop.is_set():
        if before != built:
            now = before
            if build():
                built, pause = now, every
            else:
                pause = max(every, RETRY_SECONDS)
        stop.wait(pause)
        before = _rested(corpus, also, stop, every)


def fingerprint(corpus: Path, also: Sequence[Path] = ()) -> dict[str, tuple[int, int, int]]:
    """Of every file that would be read, and those named, what differs when it was written: time, size and number."""
    try:
        _, files, _ = corpus_files(corpus)
    except ReadError:
        return {}
    found = {}
    for path in [*files, *also]:
        try:
            stat = path.stat()
        except OSError:
            continue  # it went away between listing and looking, or is not needed
        found[str(path)] = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
    return found


def _rested(corpus: Path, also: Sequence[Path], stop: threading.Event, every: float) -> dict[str, tuple[int, int, int]]:
    """The fingerprint, as soon as two looks in a row give the same."""
    before = fingerprint(corpus, also)
    while not stop.wait(every / 2):
        now = fingerprint(corpus, also)
        if now == before:
            break
        before = now
    return before
