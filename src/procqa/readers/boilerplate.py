"""What a site wraps around a page: one table of rules, each with the place where it may strike.

Body text is worth more than a clean margin: rules for headers hold only above the first canonical heading, rules
for footers only below the first line under the last one, and every removal is reported.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Flag, auto

# A longer line is prose, whatever it begins with.
_MAX_LINE = 600


class Place(Flag):
    """Where on a page a rule may strike."""

    TOP = auto()
    BODY = auto()
    BOTTOM = auto()
    EDGES = TOP | BOTTOM
    ANYWHERE = TOP | BODY | BOTTOM


@dataclass(frozen=True, slots=True)
class Rule:
    """A whole line that is boilerplate; with `to_end`, so is what follows it up to the next heading of its rank."""

    name: str
    pattern: re.Pattern[str]
    place: Place
    to_end: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """A line, or a block, as the rules see it. `rank` is 0 for body text and 1 to 6 for headings marked as such."""

    text: str
    rank: int = 0
    is_canonical: bool = False
    only_links: bool = False


def _rule(name: str, pattern: str, place: Place, *, to_end: bool = False) -> Rule:
    return Rule(name, re.compile(pattern, re.IGNORECASE), place, to_end)


RULES = (
    _rule("code-lookup", r"search (all )?(medical|billing|procedure) codes?", Place.ANYWHERE),
    _rule("code-kind", r"(cpt|hcpcs|icd)[- ]?\d{0,2}(-?(cm|pcs))? codes?:?( [a-z]?\d{4,5}[a-z]?)?", Place.EDGES),
    _rule("policies", r"medical policies and guidelines( for .*)?", Place.BOTTOM, to_end=True),
    _rule("related-policies", r"related policies( from health plans)?", Place.BOTTOM, to_end=True),
    _rule("similar-codes", r"(?-i:Similar Codes).*|(related|similar|nearby) codes:?", Place.BOTTOM, to_end=True),
    _rule("skip-link", r"(skip|jump) to (the )?(main )?(content|navigation|search)", Place.ANYWHERE),
    _rule("page-tool", r"(print|share|email|save|bookmark|download)( (this )?(page|article|pdf|link))?", Place.EDGES),
    _rule(
        "page-tool",
        r"(print|share|email|bookmark) this (page|article)|back to (the )?top|enlarge( image)?",
        Place.ANYWHERE,
    ),
    _rule("menu", r"(main )?menu|search|home|log ?in|sign in|sign up|subscribe|close|toggle navigation", Place.EDGES),
    _rule(
        "social",
        r"(share|follow us) (on|via) .{1,80}|(facebook|twitter|linkedin|instagram|youtube|x|pinterest)",
        Place.EDGES,
    ),
    _rule(
        "cookies",
        r"(cookie|cookies|accept all cookies|cookie (policy|settings|notice))|(we|this (web)?site) uses? cookies.*",
        Place.EDGES,
    ),
    _rule("breadcrumb", r"home ?(>|›|»|/|\|) ?.*|[^>.]{1,60}( (>|›|») [^>.]{1,60}){2,}", Place.TOP),
    _rule(
        "dated",
        r"((page )?last (updated|reviewed|modified|revised)|next review( due)?|(medically|clinically) reviewed by)\b"
        r".{0,100}|(date )?(published|posted|updated|reviewed)( on)?:? .{0,20}\b(19|20)\d\d\b.{0,20}",
        Place.EDGES,
    ),
    _rule("copyright", r"(©|\(c\) ?\d|copyright\b).*|.{0,120}\ball rights reserved\.?", Place.EDGES),
    _rule(
        "legal-links",
        r"(terms (of use|and conditions)|privacy( policy| notice)?|accessibility|sitemap|contact us)",
        Place.EDGES,
    ),
    _rule(
        "disclaimer",
        r"(this (page|information|leaflet|content|website|summary|document)|the (information|content)|disclaimer\b)"
        r".{0,300}(not (been )?reviewed for (use in|clinical) care|general education|substitute for|not medical advice|"
        r"intended (to|as) (replace|medical)|replace (professional|medical|the advice)).{0,200}",
        Place.EDGES,
    ),
    _rule("image-credit", r"((image|photo) )?credit: .{1,120}", Place.ANYWHERE),
    _rule(
        "link-list",
        r"(references?|sources?|further reading|external links|see also|useful links|learn more|read more|tags|"
        r"related (resources|links|pages|articles|topics|content|procedures)|more on this topic|you may also like)",
        Place.BOTTOM,
        to_end=True,
    ),
    _rule("about-summary", r"about (this )?pdq( summary)?|current clinical trials", Place.ANYWHERE, to_end=True),
)
# Marked-up headings say where their part ends, so for them these rules hold on the whole page.
_HEADED = frozenset({"link-list", "policies", "related-policies", "similar-codes"})


def sweep(parts: Sequence[Part]) -> dict[int, str]:
    """The boilerplate among the parts of a page: index -> name of the rule that removes it."""
    first, last = _core(parts)
    swept: dict[int, str] = {}
    ending: tuple[str, int] | None = None
    for index, part in enumerate(parts):
        if not part.text.strip():
            continue
        if ending is not None and _ends(part, ending[1]):
            ending = None
        if ending is not None:
            swept[index] = ending[0]
            continue
        place = Place.TOP if index < first else Place.BOTTOM if index > last else Place.BODY
        rule = _match(part, place)
        if rule is not None:
            swept[index] = rule.name
            ending = (rule.name, part.rank) if rule.to_end else None
        elif part.only_links and place is not Place.BODY:
            swept[index] = "link-list"
    return swept


def _ends(part: Part, rank: int) -> bool:
    """Whether a removal that a part of `rank` began stops here: at a heading, for a heading at one of its rank."""
    return 0 < part.rank <= rank if rank else part.is_canonical or part.rank > 0


def _core(parts: Sequence[Part]) -> tuple[int, int]:
    """Indexes that bound the page's own text: its first canonical heading, and the first line under its last.

    Without canonical headings any heading serves; without those, the first line.
    """
    filled = [index for index, part in enumerate(parts) if part.text.strip()]
    headings = [i for i in filled if parts[i].is_canonical] or [i for i in filled if parts[i].rank > 1] or filled[:1]
    if not headings:
        return 0, 0
    below = [index for index in filled if index > headings[-1]]
    return headings[0], below[0] if below else headings[-1]


def _match(part: Part, place: Place) -> Rule | None:
    text = part.text.strip()
    if part.is_canonical or len(text) > _MAX_LINE:
        return None
    for rule in RULES:
        on_page = Place.ANYWHERE if part.rank and rule.name in _HEADED else rule.place
        if place in on_page and rule.pattern.fullmatch(text):
            return rule
    return None
