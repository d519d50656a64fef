"""The pages: what cannot be read, what is missing, what is too long, and what is hard to tell apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from procqa.doctor.aliases import aliases_findings
from procqa.doctor.finding import Finding, Weight
from procqa.doctor.likeness import Likeness
from procqa.errors import ReadError
from procqa.passages import count_tiktoken, split_lines
from procqa.readers import Page, SetAside, read_corpus
from procqa.settings import Settings
from procqa.types import Document

_SHOWN = 5
# A line has at least this many characters a token; only longer ones are counted.
_CHARACTERS_A_TOKEN = 2


def corpus_findings(settings: Settings) -> Iterator[Finding]:
    """Read every page and tell what would make its answers worse."""
    aside: list[SetAside] = []
    missing: Counter[str] = Counter()
    long_lines: list[str] = []
    likeness = Likeness()
    titles: list[str] = []
    try:
        for item in read_corpus(settings.corpus):
            if isinstance(item, Page):
                titles.append(item.document.title)
                missing.update(item.missing)
                likeness.add(item.document)
                long_lines += _long_lines(item.document, settings.passage_tokens)
            else:
                aside.append(item)
    except ReadError as error:
        yield Finding("corpus", Weight.NOTE, str(error), "procqa doctor CORPUS")
        return
    build = f"procqa index build {settings.corpus} --index {settings.index}"
    if not titles:
        yield Finding("corpus", Weight.PROBLEM, f"There is no page to index in {settings.corpus}.", build)
    for page in aside:
        yield Finding(
            "corpus", Weight.WARNING, f"Set aside: {page.reason}", f"mend or remove {page.path}, then {build}"
        )
    if long_lines:
        yield Finding(
            "corpus",
            Weight.WARNING,
            f"{_count(long_lines, 'sentence')} of more than {settings.passage_tokens} tokens, which is cut at a comma "
            f"or between words, and quoted so: {_listed(long_lines)}.",
            f"break it up on the page, or procqa index build {settings.corpus} --passage-tokens N",
        )
    if missing:
        absent = ", ".join(f"{name} ({count})" for name, count in missing.most_common())
        yield Finding(
            "corpus",
            Weight.NOTE,
            f"Of {len(titles)} pages some lack these sections, so that questions for them are not answered: {absent}.",
            "write the section, or name its heading as one that is understood",
        )
    yield from _alike(likeness, build)
    yield from aliases_findings(settings, titles, build)


def _alike(likeness: Likeness, build: str) -> Iterator[Finding]:
    same = [" = ".join(group) for group in likeness.same_titles()]
    if same:
        yield Finding(
            "corpus",
            Weight.WARNING,
            f"{_count(same, 'title')} that more than one page has, so that no question can name one of them: "
            f"{_listed(same)}.",
            f"give each page a title of its own, then {build}",
        )
    doubles = [f"{pair.first} and {pair.second} ({pair.shared:.0%})" for pair in likeness.near_duplicates()]
    if doubles:
        yield Finding(
            "corpus",
            Weight.WARNING,
            f"{_count(doubles, 'pair')} of pages that say almost the same: {_listed(doubles)}.",
            f"remove one of each, then {build}",
        )
    twins = [f"{pair.first} and {pair.second} ({pair.differ})" for pair in likeness.twins()]
    if twins:
        yield Finding(
            "corpus",
            Weight.NOTE,
            f"{_count(twins, 'pair')} of twins, told apart by the words in brackets alone; a question that says none "
            f"of them is asked back: {_listed(twins)}.",
            "add aliases that people use to the front matter of each",
        )


def _long_lines(document: Document, most: int) -> Iterator[str]:
    for section in document.sections:
        body = document.text[section.start : section.end]
        if max(map(len, body.split("\n\n")), default=0) <= most * _CHARACTERS_A_TOKEN:
            continue
        for line in split_lines(document.text, section.start, section.end):
            words = document.text[line.start : line.end]
            if len(words) > most * _CHARACTERS_A_TOKEN and count_tiktoken(words) > most:
                yield f"{document.doc_id} › {section.name}"


def _count(items: Sequence[str], noun: str) -> str:
    return f"1 {noun}" if len(items) == 1 else f"{len(items)} {noun}s"


def _listed(items: Sequence[str]) -> str:
    more = f", … and {len(items) - _SHOWN} more" if len(items) > _SHOWN else ""
    return ", ".join(items[:_SHOWN]) + more
