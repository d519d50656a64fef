"""`procqa ask` and `procqa search`: one question, answered on the terminal."""

from __future__ import annotations

from contextlib import closing
from itertools import groupby
from pathlib import Path

import click

from procqa.cli.options import fast_option, index_option, json_option, settings_from, threads_option
from procqa.engine import MOST_HITS, Engine
from procqa.types import Citation, Filters, Hit, Reply, Status

# Confidence in words, from this probability on.
_CONFIDENCE = ((0.8, "sure"), (0.6, "fairly sure"), (0.0, "not sure"))


@click.command()
@click.argument("question")
@index_option
@json_option
@click.option(
    "--history", multiple=True, help="An earlier question of the conversation; may be repeated, oldest first."
)
@click.option("--doc-id", multiple=True, help="Ask only this page; may be repeated.")
@click.option("--section", multiple=True, help="Ask only this section; may be repeated.")
@click.option("--max-answers", type=click.IntRange(1, 10), default=3, show_default=True)
@fast_option
@threads_option
def ask(
    question: str,
    index: Path | None,
    as_json: bool,
    history: tuple[str, ...],
    doc_id: tuple[str, ...],
    section: tuple[str, ...],
    max_answers: int,
    fast: bool | None,
    threads: int | None,
) -> None:
    """Answer QUESTION in the exact words of the pages, with their sources."""
    settings = settings_from(index=index, fast=fast, threads=threads)
    with closing(Engine.open(settings.index, threads=settings.threads, read=not settings.fast)) as engine:
        reply = engine.ask(question, history=history, filters=Filters(doc_id, section), max_answers=max_answers)
    if as_json:
        from procqa.service.responses import AskResponse  # pydantic is slow to import

        click.echo(AskResponse.of(reply).model_dump_json(indent=2))
    else:
        click.echo(_reply_text(reply))


@click.command()
@click.argument("words")
@index_option
@json_option
@click.option("--top-k", type=click.IntRange(1, MOST_HITS), help="Passages at most.  [default: 10, or all that fit]")
@click.option("--max-tokens", type=click.IntRange(1), help="Pack passages into this many tiktoken (cl100k) tokens.")
@threads_option
def search(
    words: str,
    index: Path | None,
    as_json: bool,
    top_k: int | None,
    max_tokens: int | None,
    threads: int | None,
) -> None:
    """Show the passages found for WORDS, best first."""
    settings = settings_from(index=index, threads=threads)
    with closing(Engine.open(settings.index, threads=settings.threads)) as engine:
        hits, info = engine.search(words, top_k=top_k, max_tokens=max_tokens), engine.info
    if as_json:
        from procqa.service.responses import SearchResponse

        click.echo(SearchResponse.of(hits, info).model_dump_json(indent=2))
    else:
        click.echo("\n\n".join(_hit_text(hit) for hit in hits) or "Nothing found.")


def _reply_text(reply: Reply) -> str:
    if reply.status is Status.ABSTAINED and reply.abstention:
        nearest = [f"  {place.title} › {place.section}" for place in reply.abstention.nearest]
        return "\n".join([reply.abstention.message, *(["Nearest sections:", *nearest] if nearest else [])])
    lines = [reply.clarification.message, ""] if reply.clarification else []
    sources = {citation.id: citation for citation in reply.citations}
    for number, answer in enumerate(reply.answers):
        bullet = "• " if len(answer.spans) > 1 else ""
        certainty = next(words for floor, words in _CONFIDENCE if answer.confidence >= floor)
        certainty = f" ({certainty}, {answer.confidence:.2f})"
        lines += [] if number == 0 else ["", "Also:"]
        for (doc_id, section), group in groupby(answer.spans, lambda span: _place(sources[span.citation])):
            quoted = [sources[span.citation] for span in group]
            lines += [bullet + " ".join(citation.exact.split()) for citation in quoted]
            lines.append(f"    {quoted[0].title} › {section}{certainty}")
            first, last = min(citation.start for citation in quoted), max(citation.end for citation in quoted)
            lines.append(f"    {doc_id}, characters {first} to {last}")
            certainty = ""  # that of the whole answer is told once
    return "\n".join(lines)


def _place(citation: Citation) -> tuple[str, str]:
    return citation.doc_id, citation.section


def _hit_text(hit: Hit) -> str:
    passage = hit.passage
    return f"{hit.score:6.3f}  {passage.title} › {passage.section}  ({passage.passage_id})\n{hit.text}"
