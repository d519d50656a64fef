"""Metrics of the ranked passages, worked out by ir-measures, and TREC run and qrels files.

The ranked units are sections, (doc_id, section), or pages, in the order in which their first passage was retrieved.
Names are percent-encoded in TREC files, since those split at white space; scores there only keep the order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from procqa.errors import ProcqaError
from procqa.evaluation.answers import is_answerable
from procqa.evaluation.records import PassageRecord, Row, SectionRef

Unit = Callable[[PassageRecord | SectionRef], str]
Qrels = Mapping[str, Iterable[str]]
Ranking = Mapping[str, Sequence[str]]


def section_unit(place: PassageRecord | SectionRef) -> str:
    """A section as one word."""
    return f"{page_unit(place)}#{quote(place.section, safe='')}"


def page_unit(place: PassageRecord | SectionRef) -> str:
    """A page as one word."""
    return quote(place.doc_id, safe="/")


@dataclass(frozen=True, slots=True)
class RankingMetric:
    """What is ranked, and how ir-measures writes the measure."""

    title: str
    unit: Unit
    measure: str


RANKING_METRICS: Mapping[str, RankingMetric] = {
    "page_success@1": RankingMetric("First passage in a right page", page_unit, "Success@1"),
    "section_success@1": RankingMetric("First passage in a right section", section_unit, "Success@1"),
    "section_success@5": RankingMetric("Right section in the first 5", section_unit, "Success@5"),
    "section_ndcg@10": RankingMetric("nDCG@10 of sections", section_unit, "nDCG@10"),
    "section_mrr": RankingMetric("Mean reciprocal rank of sections", section_unit, "RR"),
}


def ranking_scores(rows: Sequence[Row]) -> dict[str, list[float | None]]:
    """Each ranking metric of each row; None for unanswerable questions, 0 where nothing was retrieved."""
    scores: dict[str, list[float | None]] = {}
    for unit in (page_unit, section_unit):
        names = [name for name, metric in RANKING_METRICS.items() if metric.unit is unit]
        by_id = _measured(names, relevant_units(rows, unit), ranked_units(rows, unit))
        for name in names:
            scores[name] = [by_id[name].get(_word(row.id)) for row in rows]
    return {name: scores[name] for name in RANKING_METRICS}


def relevant_units(rows: Iterable[Row], unit: Unit) -> dict[str, list[str]]:
    """The relevant units of each answerable question."""
    return {
        _word(row.id): list(dict.fromkeys(unit(place) for place in row.relevant)) for row in rows if is_answerable(row)
    }


def ranked_units(rows: Iterable[Row], unit: Unit) -> dict[str, list[str]]:
    """The retrieved units of each question, best first, each once."""
    return {_word(row.id): list(dict.fromkeys(unit(passage) for passage in row.passages)) for row in rows}


def write_trec(rows: Sequence[Row], run: Path, qrels: Path, tag: str) -> None:
    """Write the ranked sections as a TREC run, and the relevant ones as qrels."""
    with run.open("w", encoding="utf-8") as file:
        for name, units in ranked_units(rows, section_unit).items():
            file.writelines(
                f"{name} Q0 {unit} {rank} {len(units) - rank} {_word(tag)}\n" for rank, unit in enumerate(units)
            )
    with qrels.open("w", encoding="utf-8") as file:
        for name, units in relevant_units(rows, section_unit).items():
            file.writelines(f"{name} 0 {unit} 1\n" for unit in units)


def trec_scores(run: Path, qrels: Path) -> dict[str, dict[str, float]]:
    """The section metrics of any TREC run against any qrels: a value for each question of the qrels.

    Raises ProcqaError when a file cannot be read as TREC.
    """
    library = _library()
    names = [name for name, metric in RANKING_METRICS.items() if metric.unit is section_unit]
    try:
        judged, found = list(library.read_trec_qrels(str(qrels))), list(library.read_trec_run(str(run)))
    except (OSError, ValueError) as error:
        raise ProcqaError(f"{run.name} and {qrels.name} cannot be read as TREC run and qrels: {error}") from None
    return _calculated(library, names, judged, found)


def _measured(names: Sequence[str], qrels: Qrels, ranking: Ranking) -> dict[str, dict[str, float]]:
    library = _library()
    judged = [library.Qrel(name, unit, 1) for name, units in qrels.items() for unit in units]
    found = [
        library.ScoredDoc(name, unit, float(len(units) - rank))
        for name, units in ranking.items()
        for rank, unit in enumerate(units)
    ]
    return _calculated(library, names, judged, found)


def _calculated(
    library: Any, names: Sequence[str], judged: Sequence[Any], found: Sequence[Any]
) -> dict[str, dict[str, float]]:
    """Each metric's value for each judged question: what was not retrieved counts as 0, never as absent."""
    scores: dict[str, dict[str, float]] = {name: {} for name in names}
    if not judged:
        return scores
    measures = {library.parse_measure(RANKING_METRICS[name].measure): name for name in names}
    for name in names:
        scores[name] = {qrel.query_id: 0.0 for qrel in judged}
    for metric in library.iter_calc(list(measures), judged, found):
        scores[measures[metric.measure]][metric.query_id] = float(metric.value)
    return scores


def _word(name: str) -> str:
    return quote(name, safe="")


def _library() -> Any:
    try:
        import ir_measures
    except ImportError:
        raise ProcqaError('Evaluation needs ir-measures; add it with `pip install "procqa[eval]"`.') from None
    return ir_measures
