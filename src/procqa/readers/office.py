"""PDF and Word files -> Document, by way of the Markdown that markitdown makes of them."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator

from procqa.errors import ReadError
from procqa.readers.decoding import MAX_BYTES, clean, load
from procqa.readers.markdown import draft_of_markdown
from procqa.readers.pages import Page, Source, finish
from procqa.readers.text import draft_of_text

_MARKED_HEADING = re.compile(r"^#{1,6} \S", re.MULTILINE)
# A Word file is a zip archive; what unpacks to more than this is a bomb.
_MAX_UNPACKED = 10 * MAX_BYTES


def read_office(source: Source) -> Iterator[Page]:
    """The page of a .pdf or .docx file; a ReadError that names the extra when the converter is not installed."""
    text = clean(_convert(load(source.path), source.path.suffix.lower()))
    if not text.strip():
        raise ReadError("no text could be taken from it; a scan must go through text recognition first")
    # PDF has no headings, only lines: there the rules for plain text find them.
    if _MARKED_HEADING.search(text):
        draft = draft_of_markdown(text, "", source.fallback_title)
    else:
        draft = draft_of_text(text, source.fallback_title)
    yield finish(draft, source, {})


def _convert(data: bytes, suffix: str) -> str:
    try:
        from markitdown import MarkItDown, MarkItDownException, StreamInfo
    except ImportError as error:
        raise ReadError(f'reading {suffix} pages needs an extra: pip install "procqa[office]"') from error
    if suffix == ".docx":
        _refuse_bombs(data)
    try:
        converter = MarkItDown(enable_plugins=False)
        result = converter.convert_stream(io.BytesIO(data), stream_info=StreamInfo(extension=suffix))
    except (MarkItDownException, OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise ReadError(f"it cannot be converted; is it a whole {suffix} file?") from error
    return str(result.markdown)


def _refuse_bombs(data: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
    except zipfile.BadZipFile as error:
        raise ReadError("it is not a .docx file") from error
    if unpacked > _MAX_UNPACKED:
        raise ReadError(f"it unpacks to more than {_MAX_UNPACKED:,} bytes")
