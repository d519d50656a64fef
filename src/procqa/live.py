"""An engine over an index that changes: whoever asks leases the one that is current, and a watcher replaces it.

A newly published snapshot is checked against its checksums, opened and warmed beside the one that answers, and takes
over between two questions. Who leased the one before keeps it to the end; then it is closed, and its memory and files
are free. A snapshot that is damaged or cannot be opened is refused, and the one that answers stays.
"""

from __future__ import annotations

import ctypes
import logging
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from procqa.asked import LONGEST_QUESTION
from procqa.engine import Engine
from procqa.errors import ProcqaError, SnapshotError
from procqa.index.manifest import Manifest, damage
from procqa.index.versions import current_folder, folder_of

LOOK_EVERY_SECONDS = 1.0
# A refused snapshot is looked at again after this time: what failed may have been the disk or the network.
RETRY_SECONDS = 60.0
_WARMING_PAGES = 3
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A published snapshot that does not answer, and why. `version` is empty when not even that could be read."""

    version: str
    reason: str
    at: datetime


class LiveEngine:
    """The engine that answers now; safe to use from several threads.

    Attributes to show: `swaps` (how often another snapshot took over), `loaded_at` (when the one that answers did) and
    `refused` (the Refusal of what is published, None while that answers).
    """

    def __init__(
        self, open_engine: Callable[[], Engine], index: Path | None = None, every: float = LOOK_EVERY_SECONDS
    ) -> None:
        """`open_engine` opens what is current; `index` is the folder to watch, every so many seconds (None: never)."""
        self.swaps = 0
        self.loaded_at: datetime | None = None
        self.refused: Refusal | None = None
        self._open = open_engine
        self._index = index
        self._every = every
        self._held: _Held | None = None
        self._lock = threading.Lock()  # of the lease counts, and of which engine is held
        self._gone: list[weakref.ref[Engine]] = []  # replaced, and not yet known to be freed
        self._refused_until = 0.0
        self._stop = threading.Event()
        self._watcher: threading.Thread | None = None

    def start(self) -> None:
        """Open the engine, and watch the index from now on. What fails is told by `refused`."""
        with self._refusing(self._version()):
            self._take(self._open())
        _trim_memory()  # of what opening needed for a moment
        if self._index is not None:
            self._watcher = threading.Thread(target=self._watch, name="procqa-live", daemon=True)
            self._watcher.start()

    @property
    def engine(self) -> Engine | None:
        """The engine that answers now, to read what it says of itself; to ask it something, lease it."""
        held = self._held
        return held.engine if held else None

    @contextmanager
    def lease(self) -> Iterator[Engine | None]:
        """The engine that answers now, which stays open until the block ends; None while there is none."""
        with self._lock:
            held = self._held
            if held:
                held.leases += 1
        try:
            yield held.engine if held else None
        finally:
            if held:
                self._give_back(held)

    def look(self) -> bool:
        """Take over what is published, if it is another than what answers; whether it did."""
        version = self._version()
        serving = self.engine.info.version if self.engine else ""
        if version == serving:
            self.refused = None
            return False
        known_bad = self.refused is not None and self.refused.version == version
        if known_bad and time.monotonic() < self._refused_until:
            return False
        before = self._held
        with self._refusing(version):
            self._require_whole(current_folder(self._index) if self._index else None)
            engine = self._open()
            try:
                _warm(engine)
            except BaseException:
                engine.close()
                raise
            self._take(engine)
        return self._held is not before

    def close(self) -> None:
        """Stop watching, and close the engine as soon as nobody leases it."""
        self._stop.set()
        if self._watcher:
            self._watcher.join()
        self._retire(None)

    def _watch(self) -> None:
        self._check_first()
        while not self._stop.wait(self._every):
            self.look()
            if self._gone and all(engine() is None for engine in self._gone):
                self._gone.clear()
                _trim_memory()

    def _check_first(self) -> None:
        """The checksums of what was opened at the start, which did not wait for them.

        It is that snapshot which is read, whatever the pointer names by now: only its own damage withdraws it.
        """
        version = self._version()
        if self._index and self.engine is not None and self.engine.info.version == version:
            with self._refusing(version):
                self._require_whole(folder_of(self._index, version))
            if self.refused and self.refused.version == version:
                self._retire(None)

    def _require_whole(self, folder: Path | None) -> None:
        if folder is None:
            raise SnapshotError(f"There is no index in {self._index}; make one with `procqa index build`.")
        wrong = damage(folder, Manifest.load(folder), checksums=True)
        if wrong:
            raise SnapshotError(f"The index {folder.name} is damaged: {wrong[0]}; rebuild with `procqa index build`.")

    def _version(self) -> str:
        """The version that is published, as far as that can be read."""
        try:
            folder = current_folder(self._index) if self._index else None
        except SnapshotError:
            return ""
        return folder.name if folder else ""

    def _take(self, engine: Engine) -> None:
        if self._held:
            self.swaps += 1
            self._gone.append(weakref.ref(self._held.engine))
        self._retire(_Held(engine))
        self.loaded_at = datetime.now(UTC)
        self.refused = None
        logger.info("The index %s answers.", engine.info.version)

    @contextmanager
    def _refusing(self, version: str) -> Iterator[None]:
        """Note and log what fails in the block; whatever it is, the engine that answers goes on."""
        try:
            yield
            return
        except ProcqaError as error:
            # Shown to whoever asks the service, whom the place on this machine does not concern.
            reason = str(error).replace(str(self._index), "the index")
            logger.error("The index %s cannot be used: %s", version, error)
        except Exception as error:
            reason = f"It cannot be opened ({type(error).__name__})."
            logger.exception("The index %s cannot be used.", version)
        self.refused = Refusal(version, reason, datetime.now(UTC))
        self._refused_until = time.monotonic() + RETRY_SECONDS

    def _retire(self, successor: _Held | None) -> None:
        """Put another engine, or none, in the place of the one that answers."""
        with self._lock:
            before, self._held = self._held, successor
            if before:
                before.retired = True
                before.leases += 1
        if before:
            self._give_back(before)

    def _give_back(self, held: _Held) -> None:
        with self._lock:
            held.leases -= 1
            last = held.retired and held.leases == 0
        if last:
            held.engine.close()


def _trim_memory() -> None:
    """Give what was freed back to the system: glibc keeps it, half as much again as a service needs."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # other systems' C libraries have none, and need none
    if trim:
        trim(0)


class _Held:
    """An engine and how many use it."""

    __slots__ = ("engine", "leases", "retired")

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.leases = 0
        self.retired = False


def _warm(engine: Engine) -> None:
    """Ask a few questions, so that the first one of a user does not wait for the disk."""
    for document in engine.documents(limit=_WARMING_PAGES):
        engine.ask(f"What is {document.title}?"[:LONGEST_QUESTION])
