"""Other names of procedures, written by whoever keeps the pages; a snapshot keeps the file it was built with.

    # what the pages call it = what people call it, with commas between
    Total knee replacement = TKR, TKA, new knee

A question is read as if it said the first name wherever it says one of the others. So an abbreviation or a local name
that no encoder can know leads to its page, and no page has to be read or embedded anew when the file changes.

What pages say of themselves is learned when an index is built: an alias of front matter that is one word, no word of
everyday English and in the names of that page alone ("CAPD") is read as the page's title.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from procqa.errors import ReadError
from procqa.index.lexical import FUNCTION_WORDS
from procqa.readers import ALIASES_FILE
from procqa.settings import Settings

# Of each title of a snapshot's own pages, the aliases that are read as it.
OWN_ALIASES = "own-aliases.json"
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Alias:
    """A line of the file, by its number: a name in the words of the pages, and the other names for the same."""

    name: str
    others: tuple[str, ...]
    line: int


class Aliases:
    """Reads questions in the words of the pages."""

    def __init__(self, entries: Sequence[Alias]) -> None:
        self.entries = tuple(entries)
        self._name_of = {_folded(other): entry.name for entry in entries for other in entry.others}
        # A name that holds one of its own aliases ("knee replacement" in "total knee replacement") stays as it is.
        kept = [entry.name for entry in entries if _folded(entry.name) not in self._name_of]
        forms = sorted({*self._name_of, *map(_folded, kept)}, key=lambda form: (-len(form), form))
        pattern = "|".join(r"[\s-]+".join(map(re.escape, form.split())) for form in forms)
        self._said = re.compile(rf"(?<!\w)(?:{pattern})(?!\w)", re.IGNORECASE) if forms else None

    @classmethod
    def load(cls, snapshot: Path) -> Aliases:
        """Those that a snapshot in this folder was built with. Raises ReadError."""
        path = snapshot / OWN_ALIASES
        learned = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        own = [Alias(title, tuple(others), 0) for title, others in learned.items()]
        # Of two that say the same the last has its way: what the keeper of the pages wrote.
        return cls([*own, *parse_aliases(kept_aliases(snapshot), ALIASES_FILE)])

    def spelt_out(self, text: str) -> str:
        """The text with the pages' own name in place of every alias; a longer alias goes before a shorter one."""
        if self._said is None:
            return text
        return self._said.sub(lambda said: self._name_of.get(_folded(said.group()), said.group()), text)


def own_aliases(pages: Iterable[Sequence[str]], is_everyday: Callable[[str], bool]) -> dict[str, list[str]]:
    """For each title the one-word aliases that lead to its page alone; `pages` are the names of each, title first."""
    named = [(names[0], [_WORD.findall(name.lower()) for name in names]) for names in pages]
    known_to = Counter(word for _, names in named for word in {word for name in names for word in name})
    learned: dict[str, list[str]] = {}
    for title, (of_title, *others) in named:
        single = {name[0] for name in others if len(name) == 1} - set(of_title) - FUNCTION_WORDS
        own = sorted(word for word in single if known_to[word] == 1 and not is_everyday(word))
        if own:
            learned.setdefault(title, []).extend(own)
    return learned


def aliases_text(settings: Settings) -> str:
    """The aliases to build with: the file that the settings name, or aliases.txt at the top of the corpus, or none.

    Raises ReadError with every line that cannot be used, or when the named file cannot be read.
    """
    path = aliases_path(settings)
    if not settings.aliases and not path.is_file():
        return ""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ReadError(f"The aliases in {path} cannot be read ({error.strerror}); check its name.") from None
    except UnicodeDecodeError:
        raise ReadError(f"The aliases in {path} are not UTF-8; save the file as UTF-8.") from None
    text = unicodedata.normalize("NFC", text)
    parse_aliases(text, str(path))
    return text


def kept_aliases(snapshot: Path) -> str:
    """The aliases that a snapshot in this folder was built with."""
    path = snapshot / ALIASES_FILE
    return path.read_text(encoding="utf-8") if path.exists() else ""


def aliases_path(settings: Settings) -> Path:
    """Where the aliases are looked for."""
    return Path(settings.aliases) if settings.aliases else settings.corpus / ALIASES_FILE


def parse_aliases(text: str, source: str) -> tuple[Alias, ...]:
    """The entries of a file. Raises ReadError that names every bad line of `source`."""
    entries, bad = [], []
    given: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, _, rest = line.partition("=")
        entry = Alias(name.strip(), tuple(part.strip() for part in rest.split(",")), number)
        bad += [f"line {number}: {fault}" for fault in _faults(entry, given)]
        given |= {_folded(other): number for other in entry.others}
        entries.append(entry)
    if bad:
        raise ReadError(f"Mend these lines of {source}, one `name = other name, other name` each:\n" + "\n".join(bad))
    return tuple(entries)


def _faults(entry: Alias, given: dict[str, int]) -> Iterator[str]:
    if not _has_word(entry.name):
        yield "there is no name before the `=`"
    for other in entry.others:
        if not _has_word(other):
            yield "there is no other name after the `=` or a comma"
        elif set(_folded(other).split()) <= FUNCTION_WORDS:
            yield f"{other!r} is an everyday word, so that most questions would be taken for this procedure"
        elif _folded(other) in given:
            yield f"{other!r} is given on line {given[_folded(other)]} already; it can mean only one procedure"


def _has_word(name: str) -> bool:
    return any(character.isalnum() for character in name)


def _folded(name: str) -> str:
    """Equal for names that differ in case, or in what stands between their words."""
    return " ".join(re.split(r"[\s-]+", name.strip().lower()))
