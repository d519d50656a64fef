"""Locks that the system takes back when their holder ends, however it ends: after kill -9 nothing has to be mended.

A build holds the index folder alone. A reader shares the manifest of its snapshot, so that pruning can tell whether a
snapshot is still read. Both are flock(2) locks: on the open file, not in it.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from procqa.errors import SnapshotError

LOCK = ".lock"
# Whoever asks whether a snapshot is read holds it for an instant: a reader tries again for this long.
_PATIENCE_SECONDS, _PAUSE_SECONDS = 2.0, 0.005


@contextmanager
def sole_writer(index: Path) -> Iterator[None]:
    """Be the only one who builds, prunes or rolls back this index. Raises SnapshotError when another does."""
    try:
        index.mkdir(parents=True, exist_ok=True)
        handle = os.open(index / LOCK, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError as error:
        raise SnapshotError(
            f"The folder {index} cannot be written ({error.strerror}); give another by --index."
        ) from None
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = os.pread(handle, 20, 0).decode(errors="replace").strip()
            raise SnapshotError(
                f"{f'Process {holder}' if holder else 'Another process'} is changing the index {index}; "
                "wait until it is done."
            ) from None
        with suppress(OSError):  # it only tells others who it is; a full disk must not keep anyone from pruning
            os.truncate(handle, 0)
            os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(handle)


def share(manifest: Path) -> int | None:
    """Tell others that this snapshot is read: an open file, to be closed at the end. None when it is gone."""
    until = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < until:
        try:
            handle = os.open(manifest, os.O_RDONLY)
        except OSError:
            return None
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
            # It may have been removed between the two calls.
            if os.fstat(handle).st_ino == manifest.stat().st_ino:
                return handle
        except OSError:
            time.sleep(_PAUSE_SECONDS)
        os.close(handle)
    return None


@contextmanager
def unread(manifest: Path) -> Iterator[bool]:
    """Whether nobody reads this snapshot; if so, nobody begins to while the block runs."""
    try:
        handle = os.open(manifest, os.O_RDONLY)
    except OSError:
        yield True  # without a manifest nobody can open it
        return
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            free = True
        except OSError:
            free = False
        yield free
    finally:
        os.close(handle)
