"""The index: whether it is whole, current, searched well, and calibrated for its model."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from procqa.answering.confidence import CALIBRATION_FILE, Calibration
from procqa.doctor.aliases import outdated_aliases
from procqa.doctor.finding import Finding, Weight
from procqa.embedding.sources import find_model
from procqa.errors import ModelError, ProcqaError, ReadError, SnapshotError
from procqa.index.locks import sole_writer
from procqa.index.manifest import Manifest
from procqa.index.reading import file_sha256, reading_identity
from procqa.index.snapshot import STORE
from procqa.index.store import Store
from procqa.index.versions import Version, current_folder, leftovers, list_versions, version_damage
from procqa.readers import corpus_files
from procqa.settings import Settings

_RECALL = 0.98


def index_findings(settings: Settings) -> Iterator[Finding]:
    """What is wrong with the snapshots of an index folder."""
    index, build = settings.index, f"procqa index build {settings.corpus} --index {settings.index}"
    try:
        folder = current_folder(index)
    except SnapshotError as error:
        yield Finding("index", Weight.PROBLEM, str(error), build)
        folder = None
    else:
        if folder is None:
            yield Finding("index", Weight.PROBLEM, f"There is no index in {index}.", build)
        elif not folder.is_dir():
            yield Finding("index", Weight.PROBLEM, f"The current snapshot {folder.name} is gone.", build)
    for version in list_versions(index):
        yield from _damage(version, index, build)
    if index.is_dir() and leftovers(index):
        yield from _left_behind(index)
    manifest = _manifest(folder)
    if folder is not None and manifest is not None:
        yield from _agreement(manifest, settings, build)
        yield from _calibration(manifest, index)
        yield from _age(folder, manifest, settings, build)
        yield from outdated_aliases(folder, settings, build)


def _damage(version: Version, index: Path, build: str) -> Iterator[Finding]:
    wrong = version_damage(version)
    if not wrong:
        return
    sentence = f"The snapshot {version.name} is damaged: {'; '.join(wrong)}."
    if version.current:
        yield Finding("index", Weight.PROBLEM, sentence, build)
    else:
        yield Finding("index", Weight.WARNING, sentence, f"procqa index prune --keep 1 --index {index}")


def _left_behind(index: Path) -> Iterator[Finding]:
    try:
        with sole_writer(index):
            pass
    except SnapshotError as error:
        yield Finding("index", Weight.NOTE, str(error))
        return
    count = len(leftovers(index))
    yield Finding(
        "index",
        Weight.NOTE,
        f"A build that was stopped left {count} unfinished {'entry' if count == 1 else 'entries'} behind; "
        "the next build clears them away.",
        f"procqa index prune --index {index}",
    )


def _agreement(manifest: Manifest, settings: Settings, build: str) -> Iterator[Finding]:
    try:
        source = find_model(settings.model)
    except ModelError:
        return  # told of the model itself
    if manifest.model_sha256 != source.identity:
        yield Finding(
            "index",
            Weight.WARNING,
            f"The index was built with {manifest.embedding_model} and the settings name {source.name}: "
            "the next build embeds every page anew.",
            build,
        )
    elif manifest.passage_tokens != settings.passage_tokens or manifest.reading != reading_identity():
        yield Finding(
            "index", Weight.NOTE, "Pages would be read or split in another way than this index was built.", build
        )
    recall = manifest.search.get("recall_at_10")
    if recall is not None and recall < _RECALL:
        yield Finding(
            "index",
            Weight.WARNING,
            f"The search of {manifest.passages} passages finds {recall:.1%} of what comparing all would find.",
            build,
        )


def _calibration(manifest: Manifest, index: Path) -> Iterator[Finding]:
    mend = f"procqa eval calibrate --gold FILE --index {index}"
    try:
        calibration = Calibration.load(index, manifest.model_sha256)
    except ProcqaError as error:
        yield Finding("index", Weight.PROBLEM, str(error), mend)
        return
    if calibration.model != manifest.model_sha256:
        kept = "kept with the index" if (index / CALIBRATION_FILE).exists() else "packaged"
        yield Finding(
            "index",
            Weight.WARNING,
            f"The calibration {kept} was fitted for another model than {manifest.embedding_model}: confidence and the "
            "choice to abstain are not to be trusted.",
            mend,
        )


def _age(folder: Path, manifest: Manifest, settings: Settings, build: str) -> Iterator[Finding]:
    """Whether the files of the corpus are those that were indexed."""
    try:
        root, files, _ = corpus_files(settings.corpus)
    except ReadError:
        return  # told of the corpus itself
    store = Store(folder / STORE)
    try:
        known = store.sources()
    finally:
        store.close()
    present = {path.relative_to(root).as_posix(): path for path in files}
    present = {name: path for name, path in present.items() if name.isprintable()}  # others are not noted by name
    new = [name for name in present if name not in known]
    gone = [name for name in known if name not in present]
    changed = [name for name, path in present.items() if known.get(name) and file_sha256(path) != known[name]]
    counts = [f"{len(names)} {word}" for word, names in (("new", new), ("changed", changed), ("gone", gone)) if names]
    if counts:
        yield Finding(
            "index",
            Weight.WARNING,
            f"The pages are not those of the index, built {manifest.built_at}: files {', '.join(counts)}, "
            f"{(new + changed + gone)[0]} for one.",
            build,
        )


def _manifest(folder: Path | None) -> Manifest | None:
    if folder is None:
        return None
    try:
        return Manifest.load(folder)
    except SnapshotError:
        return None
