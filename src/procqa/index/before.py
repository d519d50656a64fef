"""What a build begins from: the current snapshot, and what of it can be used again."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from procqa.embedding import Encoder, OnnxEncoder
from procqa.errors import SnapshotError
from procqa.index import snapshot as files
from procqa.index.aliases import kept_aliases
from procqa.index.manifest import Manifest, damage
from procqa.index.reading import reading_identity
from procqa.index.versions import current_folder
from procqa.settings import Settings


@dataclass(frozen=True, slots=True)
class Before:
    """The current snapshot, and what of it can be used again for these settings."""

    manifest: Manifest | None = None
    folder: Path | None = None
    same_vectors: bool = False
    same_pages: bool = False
    needs: tuple[str, ...] = ()

    @classmethod
    def of(cls, settings: Settings, encoder: Encoder, aliases: str) -> Self:
        """What there is to begin from, with these settings and the text of the aliases."""
        found = whole(settings.index)
        if found is None:
            return cls()
        folder, manifest = found
        same_model = manifest.model_sha256 == model_identity(encoder)
        needs = []
        if not same_model:
            needs.append(
                f"The model is {encoder.name}, not the {manifest.embedding_model} that this index was built with: "
                "every page is split and embedded anew."
            )
        elif manifest.passage_tokens != settings.passage_tokens:
            needs.append(
                f"Passages have {settings.passage_tokens} tokens, not {manifest.passage_tokens}: every page is split "
                "anew, and passages that stay the same keep their vectors."
            )
        if manifest.reading != reading_identity():
            needs.append("Pages are read or split in another way than before: every page is read anew.")
        same_pages = not needs
        if aliases != kept_aliases(folder):
            needs.append(
                "The aliases changed: questions are read by the new ones, and no page is embedded anew for that."
            )
        return cls(manifest, folder, same_model, same_pages, tuple(needs))

    @property
    def store(self) -> Path | None:
        """Of the pages, whether or not they were read in the same way."""
        return self.folder / files.STORE if self.folder else None

    @property
    def pages_store(self) -> Path | None:
        """Of pages that were read and split in the same way."""
        return self.store if self.same_pages else None

    @property
    def vectors_store(self) -> Path | None:
        """Of passages whose vectors can be kept."""
        return self.store if self.same_vectors else None


def whole(index: Path, below: str = "") -> tuple[Path, Manifest] | None:
    """The current snapshot, or None when there is none or its files `below` a folder are not what was written."""
    try:
        folder = current_folder(index)
        manifest = Manifest.load(folder) if folder else None
    except SnapshotError:
        return None  # a damaged snapshot is replaced by a full build
    if folder is None or manifest is None:
        return None
    wrong = damage(folder, manifest, checksums=True, wanted=lambda name: name.startswith(below))
    return None if wrong else (folder, manifest)


def model_identity(encoder: Encoder) -> str:
    """What a snapshot keeps of the model that it was embedded with."""
    return encoder.card.identity if isinstance(encoder, OnnxEncoder) else encoder.name
