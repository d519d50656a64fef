"""The pages by name: found while a title or an alias is typed, browsed by specialty, and told from their near twins."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from weakref import WeakKeyDictionary

from procqa.engine import Engine

# Small words that tell no title from another.
_SMALL = frozenset("a an and at by for from in into of on one or the through to under with without".split())
# How near a misspelt word must be to a word of the titles, as difflib measures it.
_MISSPELT = 0.75
_catalogs: WeakKeyDictionary[Engine, Catalog] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class Entry:
    """A page by its names; `words` are those of the title and the aliases, folded."""

    doc_id: str
    title: str
    aliases: tuple[str, ...]
    specialty: str
    words: frozenset[str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Twin:
    """A page with a title much like another's. Words of a title are (text, whether the other title lacks it)."""

    doc_id: str
    title: tuple[tuple[str, bool], ...]
    only_here: tuple[str, ...]
    only_there: tuple[str, ...]


class Catalog:
    """The names of all pages of one engine."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.entries = sorted(entries, key=lambda entry: (entry.specialty, entry.title.casefold(), entry.doc_id))
        self._vocabulary = sorted(frozenset().union(*(entry.words for entry in self.entries)))

    @classmethod
    def of(cls, engine: Engine) -> Catalog:
        """The catalog of an engine, made once for each."""
        if engine not in _catalogs:
            _catalogs[engine] = cls(_entry(*page) for page in engine.titles())
        return _catalogs[engine]

    def specialties(self) -> list[tuple[str, list[Entry]]]:
        """The entries of each specialty, both in alphabetical order."""
        return [(name, list(found)) for name, found in groupby(self.entries, key=lambda entry: entry.specialty)]

    def search(self, text: str, limit: int) -> list[Entry]:
        """The pages with a name that holds every word of the text, the last one perhaps unfinished; best first.

        Where there is none, each word may be misspelt.
        """
        typed = folded(text)
        if not typed:
            return []
        found = self._with_words([[word] for word in typed])
        if not found:
            vocabulary = self._vocabulary
            close = [[word, *difflib.get_close_matches(word, vocabulary, 3, _MISSPELT)] for word in typed]
            found = self._with_words(close)
        return sorted(found, key=lambda entry: _rank(entry, typed))[:limit]

    def _with_words(self, wanted: Sequence[Sequence[str]]) -> list[Entry]:
        """The entries that hold a word which begins with one of the forms of each wanted word."""
        return [
            entry
            for entry in self.entries
            if all(any(word.startswith(tuple(forms)) for word in entry.words) for forms in wanted)
        ]


def twins(engine: Engine, doc_id: str, title: str) -> list[Twin]:
    """The near twins of a page, nearest first, each with the words by which the two titles differ."""
    own = _title_words(title)
    found = []
    for place in engine.alike(doc_id):
        other = _title_words(place.title)
        found.append(Twin(place.doc_id, _told_apart(place.title, own), _missing(own, other), _missing(other, own)))
    return found


def folded(text: str) -> list[str]:
    """The words of a text without case and accents."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
    return re.findall(r"\w+", plain)


def _entry(doc_id: str, title: str, metadata: dict[str, object]) -> Entry:
    given = metadata.get("aliases")
    aliases = tuple(str(alias) for alias in given) if isinstance(given, list) else ()
    named = metadata.get("specialty")
    specialty = named if isinstance(named, str) and named else doc_id.rpartition("/")[0].partition("/")[0]
    words = frozenset(word for name in (title, *aliases) for word in folded(name))
    return Entry(doc_id, title, aliases, specialty.replace("-", " ").strip().capitalize() or "Pages", words)


def _rank(entry: Entry, typed: Sequence[str]) -> tuple[bool, bool, int, str]:
    """Titles that begin as typed first, then those that hold the words, then aliases; short before long."""
    title = folded(entry.title)
    begins = " ".join(title).startswith(" ".join(typed))
    holds = all(any(word.startswith(start) for word in title) for start in typed)
    return not begins, not holds, len(entry.title), entry.title


def _title_words(title: str) -> dict[str, str]:
    """The telling words of a title: folded and without the s of a plural, and as written."""
    return {_stem(word): written for written in re.findall(r"\w+", title) for word in folded(written) if _tells(word)}


def _tells(word: str) -> bool:
    return word not in _SMALL


def _stem(word: str) -> str:
    return word.removesuffix("s") if len(word) > 3 else word


def _missing(words: dict[str, str], others: dict[str, str]) -> tuple[str, ...]:
    return tuple(written for word, written in words.items() if word not in others)


def _told_apart(title: str, others: dict[str, str]) -> tuple[tuple[str, bool], ...]:
    """The title in pieces; True marks a telling word that the other title lacks."""
    pieces = re.findall(r"\w+|\W+", title)
    return tuple((piece, any(_tells(word) and _stem(word) not in others for word in folded(piece))) for piece in pieces)
