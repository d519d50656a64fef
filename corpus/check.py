"""Prove that every shipped page parses whole: thirteen sections, 300 to 600 words, marked as education, no CPT."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from procqa.readers import CANONICAL_SECTIONS, Page, SetAside, read_corpus

NOTICE = "has not been reviewed for use in care"
PAGES = 60


def faults(root: Path, page: Page | SetAside) -> list[str]:
    """What is wrong with one page, a sentence each."""
    if isinstance(page, SetAside):
        return [page.reason]
    document = page.document
    source = (root / page.path).read_text(encoding="utf-8")
    words = len(document.text.split())
    names = tuple(section.name for section in document.sections)
    found = []
    if names != CANONICAL_SECTIONS:
        found.append(f"{page.path}: the sections are {', '.join(names)}")
    if not 300 <= words <= 600:
        found.append(f"{page.path}: {words} words")
    if NOTICE not in source:
        found.append(f"{page.path}: not marked as general education")
    if re.search(r"\bCPT\b", source):
        found.append(f"{page.path}: mentions CPT")
    return found


def main() -> int:
    """Check every page beside this file; the exit code is 1 when any is at fault."""
    root = Path(__file__).parent
    pages = list(read_corpus(root))
    wrong = [fault for page in pages for fault in faults(root, page)]
    if len(pages) < PAGES:
        wrong.append(f"{len(pages)} pages instead of {PAGES} or more")
    sys.stdout.write("\n".join(wrong or [f"{len(pages)} pages, all whole"]) + "\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
