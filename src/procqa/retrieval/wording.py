"""What the wording of a question asks for: several things at once, or the same thing of several procedures.

Only the plain cues of grammar are read. A question that is taken apart wrongly gets half an answer, so what is not
clearly two questions stays one: "how and when do I wash it?", "what do I rub in and how often?". A comma alone joins
nothing: after it people mostly ask the same again in other words.
"""

from __future__ import annotations

import re

from procqa.passages import split_lines

# Questions of a message that are answered; of more, the first ones.
MOST_PARTS = 4
_AUXILIARY = (
    r"(?:is|are|was|were|am|do|does|did|can|could|will|would|should|shall|may|might|must|has|have|had|"
    r"['’](?:s|re|ll|d))"
)
_SUBJECT = (
    r"(?:i|we|you|he|she|it|they|one|there|someone|anyone|the|a|an|my|our|your|his|her|their|its|this|that|these|"
    r"those|mum|mom|dad|mam|nan|gran|grandma|grandad|grandpa)"
)
_ASKING = r"(?:what|when|where|who|whom|which|why|how)"
# "how long does it", "what are the", "which nurse will", but not "where the cut was"; or "can I", "will it".
_CLAUSE = re.compile(
    rf"(?:{_ASKING}(?:\s+(?!{_SUBJECT}\b)[\w-]+){{0,3}}?(?:\s+|(?=['’])){_AUXILIARY}(?:n['’]?t)?\s+\w+|"
    rf"{_ASKING}\s+(?:else\s+)?(?:does|gives|looks|performs|takes|happens|goes|comes|helps|pays|causes)\b|"
    rf"(?!ha(?:ve|d)\b|do\s+(?:it|this|that|an?)\b){_AUXILIARY}(?:n['’]?t)?\s+{_SUBJECT}\s+\w+)",
    re.IGNORECASE,
)
_JOINT = re.compile(
    r"(?:(?<!\s)\s*[,;]\s*|(?<!\s)\s+)(?:and|&|\+|also|plus|as well as)(?:\s+(?:also|then))?\s+", re.IGNORECASE
)
_LEAD = re.compile(
    r"^\W*(?:(?:and|but|so|also|or|plus|then|ok|okay|please|hi|hello|thanks|yes|no|sorry|oops|actually|wait|"
    r"hang on|hold on|right|oh|ah)\b\W*)*",
    re.IGNORECASE,
)
# A message goes on to ask after each of these: "sorry, the other sort, how long is it".
_BREAK = re.compile(r"[,;.!]\s+")
# Asks whoever answers to answer, and nothing of a procedure: "sorry, can you tell me for the knee".
_OF_US = re.compile(r"\b(?:can|could|would|will|do) you (?:please )?(?:tell|do|check|look|know|say|find|show)\b", re.I)
# "each visit", "both sides" are of one procedure.
_ONE_THING = (
    r"\s+(?:day|night|morning|week|month|year|hour|time|visit|session|go|sides?|eyes?|ears?|legs?|knees?|hips?|hands?|"
    r"feet|foot|other|tubes?|ends?)\b"
)
# Of each of several: "X versus Y", "for each of", "which of these".
_COMPARES = re.compile(
    r"\b(?:vs?\.?|versus|compar(?:e|ed|ing|ison)|against|as opposed to|side by side|differ(?:s|ence|ences|ent)?|"
    rf"each(?!{_ONE_THING})|both(?!{_ONE_THING})|all (?:three|four|3|4)|which (?:one )?of|of the (?:two|three))\b",
    re.IGNORECASE,
)
# "The other kind", "the one with two leads", "the radio wave way": a procedure can stand in each of these places.
_KIND = (
    r"\b(?:the|that|an)\s+(?!(?:type|kind|sort|version)\s+of\b)(?:(?!of\b)[\w'-]+\s+){0,2}"
    r"(?:one|kind|sort|type|version|variety)s?\b(?!\s+of\b)"
)
_WAY = (
    r"\b(?:the|an?)\s+(?!(?:same|best|only|right|safe|good|quick|long|\w+est|\w+er)\b)[\w-]+\s+(?:[\w-]+\s+)?way\b"
    r"(?!\s+to\b)"
)
# "What about just the one side", "say they use the camera", "and when it is done asleep".
_SUPPOSED = (
    r"\b(?:what|how) about (?:an?|one|just|with|for|doing|having|(?:when|if) (?:they|it))\b|"
    r"\b(?:say|suppose|supposing) (?:they|it|he|she|i|we)\b|"
    r"^\W*(?:(?:ok(?:ay)?|right)\W+)*(?:and|so|but)\W+(?:(?:if|when|where) (?:they|it['’]s|it is|it was|someone)|"
    r"(?:with|for|in) (?:the|an?|those|someone))\b"
)
_CORRECTED = (
    r"^\W*(?:no|nope)\b(?=\W*$|[,.;!]|\s+(?:no|wait|sorry|hang|not|the|it|mine|i)\b)|"
    r"\b(?:wait,? no|oh wait|hang on|hold on|(?<!am )(?:i|we|she|he) meant|muddled|mixed (?:it |them |that )?up|"
    r"got (?:it|that) wrong|my mistake|wrong (?:one|name|letter|page))\b"
)
# "Mine is", "my sister's having hers": somebody else, with something else done.
_ANOTHER = (
    r"\bmine(?:['’]?s| is| was)\b|\b(?:sister|brother|mum|mom|mam|mother|dad|father|wife|husband|partner|friend|"
    r"neighbou?r|aunt|auntie|uncle|son|daughter|nan|gran|grandma|grandad|grandpa|cousin|colleague|mate)"
    r"(?:['’]?s| is| has| had| was| gets| only)\s+(?:just |only )?"
    r"(?:having|getting|got|had|gets|booked|down|the|in for|kind|one)\b"
)
# These begin a correction unless the message asks something: "sorry, the right one" but "sorry, how long?".
_SORRY = re.compile(r"^\W*(?:(?:oh|ah|ok(?:ay)?|but)\W+)*(?:sorry|actually|correction)\b", re.IGNORECASE)
_TURNS = re.compile("|".join((_KIND, _WAY, _SUPPOSED, _CORRECTED, _ANOTHER)), re.IGNORECASE)
_OTHER = re.compile(r"\bthe other (?:one|kind|sort|type|version|operation|procedure|way)\b", re.IGNORECASE)
_KINDS = (
    r"(?:procedures|operations|ops|surgeries|tests|scans|treatments|examinations|exams|investigations|interventions|"
    r"injections|biopsies|pages)"
)
_ACROSS = re.compile(
    rf"\b(?:which|what|list|name|any|all|show me)\b(?:\s+(?!other|else)[\w-]+){{0,3}}?\s+{_KINDS}\b"
    r"(?!\s+(?:do|does|will|should|must|can|could|would)\s+(?:i|we|he|she|they|my)\b)",
    re.IGNORECASE,
)
# "Which operations | do not need a general", "| can be done without", but not "| need a general if I do not ...".
_WITHOUT = re.compile(
    r"(?:\s+[\w-]+){0,3}?\s+(?:without|never|avoid\w*|(?:need|use|have|leave|mean|cause|involve|require)s?\s+no|"
    r"(?:do|does|did|is|are|can|could|will|would|should|wo|ca)(?:n['’]?t|\s*not))\b",
    re.IGNORECASE,
)


def parts(question: str) -> list[str]:
    """The questions that a message asks, in its words and order: one for most messages, and at most MOST_PARTS."""
    sentences = [question[line.start : line.end] for line in split_lines(question)]
    asking = [sentence for sentence in sentences if ends_asking(sentence) and not _LEAD.fullmatch(sentence)]
    if sum(map(_clause_at_start, asking)) < 2:
        asking = _clauses(question)
    return asking[:MOST_PARTS] if len(asking) > 1 else [question]


def asks_across(question: str) -> bool:
    """Whether a question asks which procedures something is true of."""
    return _ACROSS.search(question) is not None


def asks_without(question: str) -> bool:
    """Whether a question asks which procedures something is not true of."""
    which = _ACROSS.search(question)
    return which is not None and _WITHOUT.match(question, which.end()) is not None


def compares(question: str) -> bool:
    """Whether a question asks the same of several procedures."""
    return _COMPARES.search(question) is not None


def turns(question: str) -> int:
    """How clearly a follow-up is worded as one about another procedure than before: not (0), maybe (1), surely (3)."""
    if _OTHER.search(question):
        return 3
    return int(_TURNS.search(question) is not None or (_SORRY.search(question) is not None and not asks(question)))


def asks(message: str) -> bool:
    """Whether a message asks in the form of a question, whether or not with a question mark."""
    if ends_asking(message):
        return _CLAUSE.search(message) is not None
    return any(map(_clause_at_start, _BREAK.split(_OF_US.sub("", message))))


def ends_asking(text: str) -> bool:
    """Whether a text ends with a question mark, whatever closes after it."""
    return text.rstrip(" )\"'").endswith("?")


def _clauses(question: str) -> list[str]:
    """The questions that "and" joins, or nothing where any piece is not one by itself."""
    borders = [joint.span() for joint in _JOINT.finditer(question) if _CLAUSE.match(question, joint.end())]
    starts = [0, *(end for _, end in borders)]
    ends = [*(start for start, _ in borders), len(question)]
    pieces = [question[start:end].strip() for start, end in zip(starts, ends, strict=True)]
    return pieces if all(map(_clause_at_start, pieces)) else []


def _clause_at_start(sentence: str) -> bool:
    lead = _LEAD.match(sentence)
    return _CLAUSE.match(sentence, lead.end() if lead else 0) is not None
