"""A folder of files, or one file -> pages in a stable order; what cannot be read is set aside, never fatal."""

from __future__ import annotations

import os
import stat
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path

from procqa.errors import ReadError
from procqa.readers.html import read_html
from procqa.readers.jsonl import read_jsonl
from procqa.readers.markdown import read_markdown
from procqa.readers.office import read_office
from procqa.readers.pages import Page, SetAside, Source
from procqa.readers.text import read_text

Reader = Callable[[Source], Iterator[Page | SetAside]]

# A new format is one function and one line here. A reader raises ReadError for a file that it cannot read.
FORMATS: dict[str, Reader] = {
    ".txt": read_text,
    ".text": read_text,
    ".md": read_markdown,
    ".markdown": read_markdown,
    ".html": read_html,
    ".htm": read_html,
    ".jsonl": read_jsonl,
    ".ndjson": read_jsonl,
    ".pdf": read_office,
    ".docx": read_office,
}
# Endings under which people keep pages, but that no reader knows: worth a word, where .png or .csv are not.
_PAGE_LIKE = frozenset({".doc", ".rtf", ".odt", ".rst", ".epub", ".mht", ".mhtml"})
_ABOUT_THE_CORPUS = ("readme", "license", "licence")
# At the top of a corpus: no page, but other names of what the pages are about (procqa.index.aliases).
ALIASES_FILE = "aliases.txt"


def source_files(root: Path) -> tuple[list[Path], list[SetAside]]:
    """The files below `root` that a reader knows, sorted by path, and those that cannot be read.

    Hidden files and folders, README and LICENSE files, aliases.txt at the top and files of other kinds are passed over
    without a word.
    Links to files are followed, links to folders are not: they could lead out of the corpus, or in a circle.
    """
    files: list[Path] = []
    aside: list[SetAside] = []
    folders = [root]
    while folders:
        folder = folders.pop()
        try:
            entries = sorted(folder.iterdir())
        except OSError as error:
            aside.append(_set_aside(folder, root, f"the folder cannot be listed: {error.strerror}"))
            continue
        for path in entries:
            if path.name.startswith(".") or path == root / ALIASES_FILE:
                continue
            if path.is_dir() and not path.is_symlink():
                folders.append(path)
            elif reason := _unreadable(path):
                aside.append(_set_aside(path, root, reason))
            elif _is_page(path):
                files.append(path)
    return sorted(files, key=lambda path: _relative(path, root)), sorted(aside, key=lambda item: item.path)


def read_file(path: Path, root: Path) -> Iterator[Page | SetAside]:
    """The pages of one file: one for most formats, one a line for JSON Lines. Bad content is set aside, not raised."""
    reader = FORMATS.get(path.suffix.lower())
    if reader is None:
        yield _set_aside(path, root, f"no reader knows the ending {path.suffix!r}; known are {', '.join(FORMATS)}")
        return
    relative = _relative(path, root)
    try:
        relative.encode("utf-8")
    except UnicodeEncodeError:
        yield _set_aside(path, root, "its name is not UTF-8; rename it")
        return
    doc_id = unicodedata.normalize("NFC", relative.removesuffix(path.suffix))
    try:
        if reason := _unreadable(path):
            raise ReadError(reason)
        yield from reader(Source(path, relative, doc_id))
    except ReadError as error:
        yield _set_aside(path, root, str(error))


def corpus_files(root: Path) -> tuple[Path, list[Path], list[SetAside]]:
    """The folder that paths are told from, the files to read, and what cannot be; `root` may be a single file.

    A missing root is a ReadError.
    """
    if not root.exists():
        raise ReadError(f"There is no corpus at {root}; name a folder of pages, or one page.")
    return (root.parent, [root], []) if root.is_file() else (root, *source_files(root))


class FirstCome:
    """A doc_id belongs to the first page that has it; every later one is set aside."""

    def __init__(self) -> None:
        self._path_of: dict[str, str] = {}

    def refusal(self, doc_id: str, path: str) -> SetAside | None:
        """None for the first page of this id, else why this one is set aside."""
        if doc_id not in self._path_of:
            self._path_of[doc_id] = path
            return None
        first = self._path_of[doc_id]
        return SetAside(path, f"{path}: its doc_id {doc_id!r} is already that of a page in {first}; rename one.")


def read_corpus(root: Path) -> Iterator[Page | SetAside]:
    """Every page below `root` (or of the one file `root`), lazily and in order of path.

    A second page with a doc_id that was already read is set aside. A missing root is a ReadError.
    """
    root, files, aside = corpus_files(root)
    yield from aside
    first = FirstCome()
    for path in files:
        for item in read_file(path, root):
            refused = first.refusal(item.document.doc_id, item.path) if isinstance(item, Page) else None
            yield refused or item


def _relative(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path != root else path.name


def _set_aside(path: Path, root: Path, reason: str) -> SetAside:
    # A name that is not UTF-8 must not break the log that reports it.
    relative = _relative(path, root).encode("utf-8", "replace").decode("utf-8")
    return SetAside(relative, f"{relative}: {reason}.")


def _is_page(path: Path) -> bool:
    return path.suffix.lower() in FORMATS and not path.name.lower().startswith(_ABOUT_THE_CORPUS)


def _unreadable(path: Path) -> str:
    """Why a file that should be a page cannot be opened; empty when it can, or when it is none of ours."""
    if not (_is_page(path) or path.is_symlink() or path.suffix.lower() in _PAGE_LIKE):
        return ""
    try:
        mode = path.stat().st_mode
    except OSError as error:
        circular = "Too many levels" in str(error.strerror)
        return (
            "a link that leads in a circle"
            if circular
            else f"a link that leads nowhere, or unreadable: {error.strerror}"
        )
    if stat.S_ISDIR(mode):
        return "a link to a folder is not followed; copy the pages, or index that folder"
    if path.suffix.lower() in _PAGE_LIKE:
        return f"{path.suffix} pages cannot be read; save it as .docx, .html or .txt"
    if not _is_page(path):
        return ""
    if not stat.S_ISREG(mode):
        return "not a regular file"
    return "" if os.access(path, os.R_OK) else "permission to read it is denied"
