"""Bytes -> text that is safe to store and show: right encoding, no control characters, within the size limit."""

from __future__ import annotations

import re
from pathlib import Path

from procqa.errors import ReadError

# A procedure page has a few thousand characters; what is larger than this is not a page.
MAX_BYTES = 20_000_000
# Readers take about a second for as many lines; a page has a few hundred.
MAX_LINES = 50_000
MAX_LINE = 100_000
_SNIFFED = 8_192

# A byte order mark inside a text is a zero-width no-break space; the bidi overrides could show a reader other
# words than those that were indexed, and lone surrogates cannot be written as UTF-8.
_UNSAFE = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff]")
_LINE_ENDS = re.compile("\r\n?|[\x0b\x0c\x85]")


def load(path: Path) -> bytes:
    """The bytes of a file; a ReadError when it cannot be a page."""
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise ReadError(f"it has {size:,} bytes, more than the {MAX_BYTES:,} that a page may have")
        data = path.read_bytes()
    except OSError as error:
        raise ReadError(f"it cannot be opened: {error.strerror or error}") from error
    if not data.strip():
        raise ReadError("it is empty")
    return data


def decode(data: bytes, encoding: str = "utf-8") -> str:
    """Text of bytes in `encoding`, cleaned; a ReadError when they are not text in it."""
    if b"\x00" in data[:_SNIFFED]:
        raise ReadError("it looks binary (or UTF-16); save it as UTF-8 text")
    try:
        text = data.decode("utf-8-sig" if encoding.replace("_", "-").lower() in ("utf-8", "utf8") else encoding)
    except UnicodeDecodeError as error:
        raise ReadError(f"it is not {encoding.upper()} text (byte {error.start}); save it as UTF-8") from error
    text = clean(text)
    if not text.strip():
        raise ReadError("it is empty")
    return text


def check_lines(text: str) -> None:
    """Refuse, by a ReadError, a text of more or longer lines than a page has: parsing them could take minutes."""
    lines = text.count("\n") + 1
    if lines > MAX_LINES:
        raise ReadError(f"it has {lines:,} lines, more than the {MAX_LINES:,} that a page may have")
    longest = max(map(len, text.split("\n")))
    if longest > MAX_LINE:
        raise ReadError(f"a line has {longest:,} characters, more than the {MAX_LINE:,} that a line may have")


def clean(text: str) -> str:
    """Text with every line end as a newline, without control characters, bidi overrides and lone surrogates."""
    return _UNSAFE.sub("", _LINE_ENDS.sub("\n", text))
