"""The snapshots of an index folder: which one is current, which there are, going back, and taking old ones away.

    index/CURRENT              the version that readers open, replaced by one atomic rename
    index/snapshots/<version>/ one snapshot, never changed once it has this name
    index/.lock                held while one process changes any of this

A name that begins with a dot is unfinished or half removed, belongs to whoever holds the lock, and is cleaned away by
the next one who does.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from procqa.errors import SnapshotError
from procqa.index.locks import sole_writer, unread
from procqa.index.manifest import MANIFEST, Manifest, damage

POINTER, FOLDER = "CURRENT", "snapshots"
_BUILDING, _REMOVED = ".building", ".removed"


def current_folder(index: Path) -> Path | None:
    """The folder of the snapshot that readers open, or None when nothing was built yet."""
    try:
        version = (index / POINTER).read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        raise SnapshotError(f"{index / POINTER} cannot be read; rebuild with `procqa index build`.") from None
    if not version or "/" in version or version.startswith("."):
        raise SnapshotError(f"{index / POINTER} names no snapshot; rebuild with `procqa index build`.")
    return folder_of(index, version)


def folder_of(index: Path, version: str) -> Path:
    """Where a snapshot of this version is, or would be."""
    return index / FOLDER / version


@dataclass(frozen=True, slots=True)
class Version:
    """A snapshot in an index folder. `manifest` is None when it cannot be read."""

    folder: Path
    manifest: Manifest | None
    current: bool
    held: bool  # some process reads it

    @property
    def name(self) -> str:
        """The version."""
        return self.folder.name


def list_versions(index: Path) -> list[Version]:
    """Every snapshot of an index folder, newest first."""
    try:
        current = current_folder(index)
    except SnapshotError:
        current = None
    return [_version(folder, folder == current) for folder in _folders(index)]


def new_staging(index: Path) -> Path:
    """A folder for the snapshot that is to be built, named by the time. Call it as the sole writer."""
    version = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ")
    newest = next(iter(_folders(index)), None)
    if newest is not None and newest.name >= version:  # a clock that was put back must not turn the order round
        version = f"{newest.name}-{version}"
    staging = index / FOLDER / f".{version}{_BUILDING}"
    staging.mkdir(parents=True)
    return staging


def version_of(staging: Path) -> str:
    """The version that a staging folder will have."""
    return staging.name.removeprefix(".").removesuffix(_BUILDING)


def publish(index: Path, staging: Path) -> None:
    """Give a finished snapshot its name and point readers to it; what was written is on the disk before."""
    for path in [*staging.rglob("*"), staging]:
        _sync(path)
    staging.rename(index / FOLDER / version_of(staging))
    _sync(index / FOLDER)
    point_to(index, version_of(staging))


def point_to(index: Path, version: str) -> None:
    """Point readers to a snapshot, by one atomic rename."""
    staged = index / f".{POINTER}.{os.getpid()}"
    with staged.open("w", encoding="utf-8") as file:
        file.write(version + "\n")
        file.flush()
        os.fsync(file.fileno())
    staged.replace(index / POINTER)
    _sync(index)


def roll_back(index: Path, to: str | None = None) -> Path:
    """Point readers to version `to`, or to the newest whole snapshot older than the current one; returns its folder.

    Raises SnapshotError when there is none, or when it is damaged.
    """
    with sole_writer(index):
        listed = list_versions(index)
        now = next((version.name for version in listed if version.current), "~")  # sorts after every version
        chosen = [version for version in listed if (version.name == to if to else version.name < now)]
        reasons = [f"There is no {'version ' + to if to else 'older snapshot'} in {index}"]
        for version in chosen:
            wrong = version_damage(version)
            if not wrong:
                point_to(index, version.name)
                return version.folder
            reasons.append(f"{version.name} is damaged ({wrong[0]})")
    raise SnapshotError(f"{reasons[-1]}; `procqa index list` shows what there is, `procqa index build` makes one.")


def version_damage(version: Version) -> list[str]:
    """What is wrong with a snapshot by its checksums, a sentence each."""
    if version.manifest is None:
        return [f"{MANIFEST} cannot be read"]
    return damage(version.folder, version.manifest, checksums=True)


def prune(index: Path, keep: int) -> tuple[str, ...]:
    """Remove all but the current and the `keep` - 1 newest of the others, sparing those that a process reads.

    Returns the versions removed. Call it as the sole writer.
    """
    current = current_folder(index)
    others = [folder for folder in _folders(index) if folder != current]
    removed = []
    for folder in others[keep - 1 if current else keep :]:
        with unread(folder / MANIFEST) as free:
            if free:
                # Whole or gone: what is half removed has a name that nobody opens.
                gone = folder.with_name(f".{folder.name}{_REMOVED}")
                folder.rename(gone)
                shutil.rmtree(gone)
                removed.append(folder.name)
    return tuple(removed)


def leftovers(index: Path) -> list[Path]:
    """What builds and prunings that were killed have left behind; the sole writer may remove it."""
    found = [*(index / FOLDER).glob(f".*{_BUILDING}"), *(index / FOLDER).glob(f".*{_REMOVED}")]
    return sorted([*found, *index.glob(f".{POINTER}.*")])


def clean(index: Path) -> None:
    """Remove leftovers. Call it as the sole writer."""
    for path in leftovers(index):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def _folders(index: Path) -> list[Path]:
    found = (index / FOLDER).glob("*") if (index / FOLDER).is_dir() else iter(())
    return sorted((path for path in found if path.is_dir() and not path.name.startswith(".")), reverse=True)


def _version(folder: Path, current: bool) -> Version:
    try:
        manifest = Manifest.load(folder)
    except SnapshotError:
        manifest = None
    with unread(folder / MANIFEST) as free:
        return Version(folder, manifest, current, held=not free)


def _sync(path: Path) -> None:
    """Push a file, or a folder's entries, to the disk, so that they outlive a power cut."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
