"""Several processes behind one address: they share one listening socket, and each answers with an engine of its own.

The process that a user starts only watches them. They are forked from it when everything is imported and nothing is
loaded yet, so that what they import is in memory once; where a fork is not safe they are started anew. A process that
dies is replaced, and one that cannot start at all ends the whole service with the reason.
"""

from __future__ import annotations

import gc
import logging
import multiprocessing
import os
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path

from prometheus_client.multiprocess import mark_process_dead

from procqa.errors import ProcqaError
from procqa.service import logs
from procqa.service.shared import Shared
from procqa.settings import Settings
from procqa.threads import cores

# A process begins to serve within this time, the index not counted, which is loaded beside.
START_SECONDS = 60.0
# The pause before a process is replaced that ended soon after its start; doubled each time, up to the longest.
FIRST_PAUSE, LONGEST_PAUSE, SOON = 0.5, 30.0, 10.0
# The most processes that are started unasked, and the MB of memory that the first and each further one should find.
MOST, FIRST_MB, NEXT_MB = 4, 400.0, 250.0
_SIGNALS = (signal.SIGTERM, signal.SIGINT)
# Serves in a process: the settings, the socket, what is shared, and what to call when requests are taken.
Serve = Callable[[Settings, socket.socket, Shared, Callable[[], None]], None]
logger = logging.getLogger(__name__)


@dataclass(slots=True)
class _Worker:
    """A process and its number, which its successor inherits."""

    number: int
    process: BaseProcess
    told: Connection  # None when it serves, or the sentence why it cannot
    since: float
    pause: float  # before it was started, in seconds

    def reason(self) -> str | None:
        """Why it cannot serve, if it said so."""
        try:
            while self.told.poll():
                told: str | None = self.told.recv()
                if told:
                    return told
        except EOFError:
            pass
        return None


def fitting_count() -> int:
    """How many processes suit this machine: one a core, up to MOST, as far as free memory allows."""
    free = min(_megabytes_free(), default=float("inf"))
    return max(1, min(cores(), MOST, 1 + int((free - FIRST_MB) / NEXT_MB)))


def _megabytes_free() -> Iterator[float]:
    """What the system has left, and what its container may take; nothing where neither is told."""
    with suppress(OSError, IndexError, ValueError):
        told = Path("/proc/meminfo").read_text(encoding="ascii").partition("MemAvailable:")[2]
        yield int(told.split()[0]) / 1024
    with suppress(OSError, ValueError):  # "max" is no number: there is no limit
        yield int(Path("/sys/fs/cgroup/memory.max").read_text(encoding="ascii")) / 2**20


class Supervisor:
    """Starts, watches, replaces and stops the processes of one service."""

    def __init__(self, serve: Serve, settings: Settings, listener: socket.socket, count: int, grace: float) -> None:
        """`count` processes that run `serve`; `grace` is how many seconds each gets to end when told to stop."""
        self._serve = serve
        self._settings = settings
        self._listener = listener
        self._count = count
        self._grace = grace
        # Forking is what saves memory; elsewhere system libraries may not survive it.
        linux = sys.platform == "linux"
        self._context = multiprocessing.get_context("fork") if linux else multiprocessing.get_context("spawn")
        self._stopping = False
        self._workers: list[_Worker] = []

    def run(self, started: Callable[[], None]) -> None:
        """Serve until a signal says stop; `started` is called when all processes take requests.

        Raises ProcqaError when one of them cannot start.
        """
        gc.collect()
        gc.freeze()  # collecting would write to every page of memory, which then is shared no longer
        with tempfile.TemporaryDirectory(prefix="procqa-") as folder, self._woken_by_signals() as wake:
            shared = Shared.make(Path(folder), self._count)
            try:
                for number in range(self._count):
                    self._workers.append(self._start(number, shared))
                for worker in self._workers:
                    self._require_started(worker, wake)
                started()
                self._watch(wake, shared)
            finally:
                self._stop()

    def _watch(self, wake: socket.socket, shared: Shared) -> None:
        """Replace what ends, until a signal comes."""
        while not self._stopping:
            wait([wake, *(worker.process.sentinel for worker in self._workers)])
            for place, worker in enumerate(self._workers):
                if self._stopping or worker.process.is_alive():
                    continue
                self._workers[place] = self._replaced(worker, wake, shared)

    def _replaced(self, worker: _Worker, wake: socket.socket, shared: Shared) -> _Worker:
        soon = time.monotonic() - worker.since < SOON
        pause = min(max(2 * worker.pause, FIRST_PAUSE), LONGEST_PAUSE) if soon else 0.0
        ended = f"ended ({worker.process.exitcode}){f': {reason}' if (reason := worker.reason()) else ''}"
        logger.error("Process %d of the service %s; another takes its place.", worker.process.pid, ended)
        mark_process_dead(worker.number, str(shared.metrics))  # type: ignore[no-untyped-call]
        wait([wake], pause)
        return self._start(worker.number, shared, pause)

    def _start(self, number: int, shared: Shared, pause: float = 0.0) -> _Worker:
        receiving, sending = self._context.Pipe(duplex=False)
        process = self._context.Process(
            target=_work,
            args=(self._serve, self._settings, self._listener, shared.of(number), sending),
            name=f"procqa-{number}",
        )
        # A signal that comes before the process has its own way to stop waits until then.
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        process.start()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
        sending.close()
        return _Worker(number, process, receiving, time.monotonic(), pause)

    def _require_started(self, worker: _Worker, wake: socket.socket) -> None:
        wait([wake, worker.told], START_SECONDS)
        if self._stopping:
            return
        if not worker.told.poll():
            raise ProcqaError(f"A process of the service did not start within {START_SECONDS:.0f} s.")
        try:
            reason = worker.told.recv()
        except EOFError:
            worker.process.join()
            reason = f"A process of the service ended as it started ({worker.process.exitcode}); the log says why."
        if reason:
            raise ProcqaError(reason)

    def _stop(self) -> None:
        for worker in self._workers:
            worker.process.terminate()
        until = time.monotonic() + self._grace
        for worker in self._workers:
            worker.process.join(max(0.1, until - time.monotonic()))
            if worker.process.is_alive():
                logger.error("Process %d of the service did not stop in time, and is ended.", worker.process.pid)
                worker.process.kill()
                worker.process.join()

    @contextmanager
    def _woken_by_signals(self) -> Iterator[socket.socket]:
        """A socket that can be read when a signal to stop has come."""

        def stop(number: int, frame: object) -> None:
            self._stopping = True
            wakes.send(b"\0")

        woken, wakes = socket.socketpair()
        before = {number: signal.signal(number, stop) for number in _SIGNALS}
        try:
            yield woken
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
            woken.close()
            wakes.close()


def _work(serve: Serve, settings: Settings, listener: socket.socket, shared: Shared, told: Connection) -> None:
    """The life of one process."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
    if not logging.getLogger().handlers:  # a process that was started anew has none yet
        logs.configure(settings)
    threading.Thread(target=_end_with, args=(os.getppid(),), name="procqa-parent", daemon=True).start()
    try:
        serve(settings, listener, shared, lambda: told.send(None))
    except ProcqaError as error:
        told.send(str(error))
        sys.exit(2)


def _end_with(parent: int) -> None:
    """Stop this process when the one that watches it is gone: nobody else would."""
    while os.getppid() == parent:
        time.sleep(1.0)
    logger.error("The process that watched this one is gone, so that it stops too.")
    os.kill(os.getpid(), signal.SIGTERM)
