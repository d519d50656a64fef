"""Files -> Documents: `read_corpus` yields a Page for each page, and a SetAside for each that could not be read."""

from procqa.readers.corpus import ALIASES_FILE, FORMATS, FirstCome, corpus_files, read_corpus, read_file, source_files
from procqa.readers.headings import canonical_section
from procqa.readers.pages import Page, Removal, SetAside
from procqa.readers.vocabulary import CANONICAL_SECTIONS

__all__ = [
    "ALIASES_FILE",
    "CANONICAL_SECTIONS",
    "FORMATS",
    "FirstCome",
    "Page",
    "Removal",
    "SetAside",
    "canonical_section",
    "corpus_files",
    "read_corpus",
    "read_file",
    "source_files",
]
