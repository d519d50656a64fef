"""Which canonical section a page's heading means, by normal forms rather than by spelling."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from procqa.readers.vocabulary import ALIASES, CANONICAL_SECTIONS, NAME_HEADINGS

# No heading in the vocabulary comes near this; longer lines are not looked at, which keeps reading linear.
MAX_HEADING = 120

_NUMBERING = re.compile(
    r"(?:section |step |part )?\(?(?:\d{1,2}(?:\.\d{1,2}){0,2}|[ivx]{1,4}|[a-h])[.):]\s+", re.IGNORECASE
)
_CONTRACTION = re.compile(r"'(?:s|ll|re|ve|d|m)\b")
_WHO_DOES = re.compile(r"\bwho(?: will| would)? (?:do|does|doing)\b")
_FOR_WHAT = re.compile(r"\bfor\W*$")
_PARENTHESIS = re.compile(r"\s*\([^()]*\)\s*$")
_WORD = re.compile(r"[^\W_]+")

# Words that change no heading's subject; question words stay, since "why", "when" and "who" part the sections.
_FILLER = frozenset(
    "a an the and or of for from with in on to this that these any some such it its is are was were be been being "
    "do does did will would can could may might should shall must have has had having i me my we us our you your "
    "yourself he she they their them there one patient patients person people possible potential also very just".split()
)
# What a page calls the thing it describes; "before your operation" and "before the test" are one heading.
_PROCEDURE_WORDS = frozenset(
    "procedure operation surgery test treatment scan exam examination therapy intervention investigation".split()
)
_SPELLING = (("anaesth", "anesth"), ("isation", "ization"), ("centre", "center"), ("programme", "program"))


def canonical_section(heading: str, title: str = "") -> str | None:
    """The canonical name that `heading` means, or None; words of the page's `title` in it do not count.

    Case, numbering, Markdown marks, a colon, articles, plurals and British spelling make no difference.
    """
    return _look_up(heading, title, _vocabulary())


def is_name_heading(heading: str) -> bool:
    """Whether the heading announces the procedure's name, as in "Name of the Procedure:"."""
    return 0 < len(heading) <= MAX_HEADING and _form(_words(heading)) in _name_forms()


def plain_heading(line: str) -> str:
    """The words of a heading line, without Markdown marks, numbering, outer white space and the colon."""
    text = line.strip()
    text = text.lstrip("#").strip() if text.startswith("#") else text
    for mark in ("**", "__"):
        if len(text) > 4 and text.startswith(mark):
            text = text.removeprefix(mark).replace(mark, "", 1).strip()
    numbering = _NUMBERING.match(text)
    return (text[numbering.end() :] if numbering else text).rstrip(" :\t").strip()


def _look_up(heading: str, title: str, vocabulary: dict[str, str]) -> str | None:
    if not 0 < len(heading) <= MAX_HEADING:
        return None
    for text in (heading, _PARENTHESIS.sub("", heading)):
        words = _words(text)
        found = vocabulary.get(_form(words)) or vocabulary.get(_form(words, drop=_PROCEDURE_WORDS))
        if found is None and title:
            of_title = frozenset(_words(title)) - _vocabulary_words()
            found = vocabulary.get(_form(words, drop=_PROCEDURE_WORDS | of_title))
        if found is not None:
            return found
    return None


def _words(text: str) -> list[str]:
    """The words of a heading in lower case, without numbering, contractions and plural endings."""
    folded = unicodedata.normalize("NFKC", plain_heading(text)).casefold().replace("’", "'")
    folded = _WHO_DOES.sub("who performs", _CONTRACTION.sub("", folded)).replace("'", "")
    # A closing "for" carries the subject ("What is it for?"), the others do not.
    folded = _FOR_WHAT.sub("forwhat", folded)
    for british, american in _SPELLING:
        folded = folded.replace(british, american)
    return [_singular(word) for word in _WORD.findall(folded)]


def _singular(word: str) -> str:
    ends_otherwise = len(word) < 4 or word.endswith(("ss", "us", "is", "ies")) or word in _FILLER
    return word if ends_otherwise else word.removesuffix("s")


def _form(words: list[str], drop: frozenset[str] = frozenset()) -> str:
    """The normal form: words that carry the subject, in order; `what` only where nothing else would be left."""
    kept = [word for word in words if word not in _FILLER and word not in drop]
    if len(kept) > 1 and kept[0] in ("what", "which") and kept[1] not in _PROCEDURE_WORDS:
        kept = kept[1:]
    return " ".join(kept)


@cache
def _vocabulary() -> dict[str, str]:
    """Normal form -> canonical name. An alias of two sections would be a mistake in the table, and fails at once."""
    table: dict[str, str] = {}
    for name in CANONICAL_SECTIONS:
        for alias in (name, *(" ".join(alias.split()) for alias in ALIASES[name].split(";"))):
            words = _words(alias)
            # "Other tests" must not make "Other" an alias: a bare word is one only where the table has it as such.
            shorter = _form(words, drop=_PROCEDURE_WORDS)
            for form in {_form(words), shorter if " " in shorter else ""} - {""}:
                if table.setdefault(form, name) != name:
                    raise AssertionError(f"the alias {alias!r} of {name} already means {table[form]}")
    return table


@cache
def _vocabulary_words() -> frozenset[str]:
    return frozenset(word for form in _vocabulary() for word in form.split())


@cache
def _name_forms() -> frozenset[str]:
    return frozenset(_form(_words(heading)) for heading in NAME_HEADINGS)
