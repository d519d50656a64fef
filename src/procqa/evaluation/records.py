"""What a run leaves behind: the header and rows of run.jsonl, and metrics.json, as frozen values with JSON forms.

run.jsonl holds `{"run": {...}}` on its first line and then one row a question, in gold order. A row has all that the
metrics read, so that they can be worked out again without the corpus.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class SectionRef:
    """A section of a page, by its canonical name."""

    doc_id: str
    section: str


@dataclass(frozen=True, slots=True)
class GoldSpan:
    """One place where a gold quote stands: code points `start` to `end` (half-open) of the page's text."""

    doc_id: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class SpanRecord:
    """A cited span of the first answer; `verbatim` tells whether the page says these words at this place."""

    doc_id: str
    section: str
    start: int
    end: int
    text: str
    verbatim: bool


@dataclass(frozen=True, slots=True)
class PassageRecord:
    """A retrieved passage."""

    passage_id: str
    doc_id: str
    section: str
    start: int
    end: int
    score: float
    text: str


@dataclass(frozen=True, slots=True)
class RunHeader:
    """What was evaluated. Two runs are of the same thing when all but `created` is equal."""

    created: str  # ISO 8601, UTC
    commit: str  # "unknown" outside a git checkout; ends in "-dirty" when files were changed
    procqa: str  # version of the package
    index_version: str
    embedding_model: str
    system: str
    gold_file: str
    gold_sha256: str
    mode: str  # "in_process" or "url"
    documents: int
    passages: int
    model_sha256: str | None = None
    corpus_sha256: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The object under "run"."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Read it back; raises TypeError when a needed field is missing. Fields of later versions are ignored."""
        known = {item.name for item in fields(cls)}
        return cls(**{name: value for name, value in values.items() if name in known})


@dataclass(frozen=True, slots=True)
class Row:
    """One question of a run: the gold, and what the system did.

    `answer`, `confidence` and `spans` are those of the first answer; `answer_pages` has the page of each answer, best
    first. `gold_spans[i][j]` lists the places of quote j of acceptable answer i in the relevant sections. `twin_pages`
    are pages of the relevant pages' families that are not relevant; None when no family is known. `confidence` of a
    question without an answer is what the system says of its best try, or 0. `timing_ms["wall"]` is what the asker
    waited.
    """

    id: str
    question: str
    history: tuple[str, ...]
    tags: tuple[str, ...]
    unanswerable: str | None
    family: str | None
    relevant: tuple[SectionRef, ...]
    gold_answers: tuple[tuple[str, ...], ...]
    gold_spans: tuple[tuple[tuple[GoldSpan, ...], ...], ...] = ()
    twin_pages: tuple[str, ...] | None = None
    status: str = "error"  # a procqa.types.Status, or "error"
    reason: str | None = None
    answer: str = ""
    confidence: float = 0.0
    interpreted_as: SectionRef | None = None
    spans: tuple[SpanRecord, ...] = ()
    answer_pages: tuple[str, ...] = ()
    options: tuple[str, ...] = ()  # the pages that a clarification offers
    passages: tuple[PassageRecord, ...] = ()
    timing_ms: Mapping[str, float] = field(default_factory=dict)
    error: str | None = None

    def to_json(self) -> dict[str, Any]:
        """The object on this question's line of run.jsonl."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Read it back; raises KeyError or TypeError when a field is missing or of another kind."""
        plain = {item.name: values[item.name] for item in fields(cls) if item.name in values}
        for name in ("history", "tags", "answer_pages", "options"):
            plain[name] = tuple(values.get(name, ()))
        twins, place = values.get("twin_pages"), values.get("interpreted_as")
        plain["twin_pages"] = None if twins is None else tuple(twins)
        plain["interpreted_as"] = None if place is None else SectionRef(**place)
        plain["relevant"] = tuple(SectionRef(**item) for item in values["relevant"])
        plain["gold_answers"] = tuple(tuple(quotes) for quotes in values["gold_answers"])
        plain["gold_spans"] = tuple(
            tuple(tuple(GoldSpan(**place) for place in places) for places in quotes)
            for quotes in values.get("gold_spans", ())
        )
        plain["spans"] = tuple(SpanRecord(**item) for item in values.get("spans", ()))
        plain["passages"] = tuple(PassageRecord(**item) for item in values.get("passages", ()))
        return cls(**plain)


@dataclass(frozen=True, slots=True)
class Figure:
    """A metric over `n` questions with its 95% interval; all None when it is not defined there."""

    value: float | None
    low: float | None
    high: float | None
    n: int


@dataclass(frozen=True, slots=True)
class Curves:
    """What the report draws."""

    risk_coverage: tuple[tuple[float, float], ...] = ()  # (coverage, risk), coverage growing
    reliability: tuple[tuple[float, float, int], ...] = ()  # (mean confidence, accuracy, questions) of each bin
    latency_ms: tuple[float, ...] = ()  # a value a question, in gold order


@dataclass(frozen=True, slots=True)
class Metrics:
    """metrics.json.

    `figures[group][metric]`: the groups are "all", "single", "follow_up", "tag:…", "section:…", "family:…" and
    "unanswerable:…". `questions[i]` has "id" and the value of each per-question metric, None where it is undefined.
    """

    run: RunHeader
    figures: Mapping[str, Mapping[str, Figure]]
    questions: tuple[Mapping[str, Any], ...]
    curves: Curves

    def to_json(self) -> dict[str, Any]:
        """The object that metrics.json holds."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Read it back; raises KeyError or TypeError when a field is missing or of another kind."""
        figures = {
            group: {name: Figure(**figure) for name, figure in of_group.items()}
            for group, of_group in values["figures"].items()
        }
        curves = values["curves"]
        return cls(
            run=RunHeader.from_json(values["run"]),
            figures=figures,
            questions=tuple(values["questions"]),
            curves=Curves(
                risk_coverage=tuple((x, y) for x, y in curves["risk_coverage"]),
                reliability=tuple((x, y, n) for x, y, n in curves["reliability"]),
                latency_ms=tuple(curves["latency_ms"]),
            ),
        )
