"""Search in two steps: a pool of pages that dense vectors, BM25 and titles propose, then late interaction within them.

Plain fusion of a dense and a BM25 ranking loses to the dense one alone on pages told in sections: words find the right
page and the wrong section. So the pool only proposes pages. These are then compared with the question token by token. A
page's tokens and names choose the page; its best line has the page's score, and the others so much less as they, their
heading and section fit what is asked less.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from procqa.embedding import Encoded
from procqa.embedding.encoder import FloatArray
from procqa.index.dense import Rows
from procqa.index.snapshot import Snapshot
from procqa.retrieval.conversation import Said, follow
from procqa.retrieval.found import Found, ScoredLines, nothing_found
from procqa.retrieval.interaction import compare_lines, token_weights
from procqa.retrieval.names import Names
from procqa.retrieval.pages import page_scores
from procqa.retrieval.pool import Pool, Proposed
from procqa.retrieval.query import Query, read_query
from procqa.retrieval.sections import Sections
from procqa.retrieval.signals import explained, weakest
from procqa.retrieval.telling import tells_line, tells_page
from procqa.types import Filters, Hit

# Of the parts of a score: those of a line within its page, from dev by grid, and those of a page (see `pages`).
OF_SECTION = ("section", "heading", "bare")
WEIGHTS: Mapping[str, float] = {
    "line": 1.0,
    "section": 0.01,
    "heading": 0.1,
    "bare": 0.1,
    "page": 2.7,
    "named": 0.08,
    "called": 0.045,
    "literal": 0.2,
    "continues": 1.0,
}
# A part of a message is about another page than the whole when it says two thirds of one of its names (squared): "do I
# need an MRI before?" is not about a biopsy guided by one.
CALLED_APART = 0.44


class Retriever:
    """Searches one snapshot."""

    def __init__(
        self, snapshot: Snapshot, weights: Mapping[str, float] = WEIGHTS, *, mends: bool = True, tells: bool = True
    ) -> None:
        """With `mends` misspelt words of questions are read as words of the pages; without `tells` all words of content
        tell as much (an ablation)."""
        self._snapshot = snapshot
        self._weights = weights
        self._mends = mends
        self._tells = tells
        self._pool = Pool(snapshot)
        self._names = Names(snapshot.lexical, snapshot.store.names)
        self._sections = Sections(snapshot, self._names)

    def read(self, question: str, history: Sequence[str] = (), filters: Filters | None = None) -> Query:
        """A question and the earlier ones of its conversation, with misspelt words mended and names for aliases.

        Where the filters leave one page, its title is taken as said.
        """

        def spelt_out(text: str) -> str:
            return self._snapshot.aliases.spelt_out(self._snapshot.spelling.mended(text) if self._mends else text)

        pages = self._snapshot.store.numbers(filters.doc_ids) if filters and len(filters.doc_ids) == 1 else []
        about = next((self._snapshot.store.names(page)[0] for page in pages), "")
        return read_query(spelt_out(question), [spelt_out(earlier) for earlier in history], about)

    def search(self, query: Query, filters: Filters | None = None) -> Found:
        """The passages of the pages that fit best, best first; scores do not depend on how many are looked at."""
        context = self._snapshot.encoder.encode_question(query.context)
        titles = self._snapshot.titles @ context.vector
        proposed = self._pool.propose(query.context, context.vector, titles, filters)
        if not len(proposed.rows) or not len(context.tokens):
            return nothing_found(context)
        return self._rank(query, context, titles, proposed)

    def hits(self, found: Found, limit: int) -> list[Hit]:
        """The first passages of a result, with their words."""
        store = self._snapshot.store
        return [
            Hit(
                passage,
                store.text(passage),
                float(found.scores[place]),
                {name: float(values[place]) for name, values in found.signals.items()},
            )
            for place, passage in enumerate(store.passages(found.rows[:limit]))
        ]

    def says_much(self, text: str) -> bool:
        """Whether a text has words that carry a subject."""
        return bool(self._snapshot.lexical.content_terms(text))

    def named_in(self, text: str, found: Found) -> int:
        """The place of the best passage of the page that a text clearly names, or else of the best page."""
        place_of = self._best_places(found)
        called = self._names.scores(text, list(place_of)).called
        # Of pages that are called alike the best one is meant.
        return list(place_of.values())[int(called.argmax())] if called.max() >= CALLED_APART else 0

    def named_apart(self, query: Query, found: Found) -> tuple[list[int], str]:
        """The places of the best passages of the pages that a question names one beside the other, and what it asks."""
        place_of = self._best_places(found)
        named, rest = self._names.named_apart(query.focus, list(place_of))
        return [place_of[page] for page in named], rest

    def _best_places(self, found: Found) -> dict[int, int]:
        """The place of the best passage of each page that was found, the best page first."""
        pages, first = np.unique(self._snapshot.document_of[found.rows], return_index=True)
        return dict(sorted(zip(pages.tolist(), first.tolist(), strict=True), key=lambda item: item[1]))

    def _rank(self, query: Query, context: Encoded, titles: FloatArray, proposed: Proposed) -> Found:
        snapshot, (rows, bm25, others) = self._snapshot, proposed
        alone = query.alone
        messages = [*query.conversation, alone]
        # All texts are encoded, and compared with the pages in one go, once where they are the same.
        wanted = dict.fromkeys([*(message.context for message in messages), query.focus])
        texts = {text: context if text == query.context else snapshot.encoder.encode_question(text) for text in wanted}
        similar = compare_lines(np.concatenate([text.tokens for text in texts.values()]), snapshot.tokens.gather(rows))
        if not len(similar.passages):
            return nothing_found(context)
        split = np.split(similar.best, np.cumsum([len(text.tokens) for text in texts.values()])[:-1])
        best_of_lines = dict(zip(texts, split, strict=True))
        focus, of_focus = texts[query.focus], best_of_lines[query.focus]
        documents = snapshot.document_of[rows]
        # Rows are in the order of their pages, so each page's lines stand together.
        page_of_line = documents[similar.passages]
        first_of_page = np.flatnonzero(np.diff(page_of_line, prepend=-1))
        pages = page_of_line[first_of_page]
        # A page whose lines hold nothing that the encoder knows counts as its neighbour, and drops out below.
        page_of = np.minimum(np.searchsorted(pages, documents), len(pages) - 1)
        parts = self._weights
        said_in = {
            text: self._said(message, texts[text], np.maximum.reduceat(best_of_lines[text], first_of_page, axis=1))
            for text, message in {message.context: message for message in messages}.items()
        }
        # A message of characters that the encoder drops says nothing.
        said = [said_in[message.context] for message in query.conversation if len(texts[message.context].tokens)]
        dense = snapshot.dense.vectors(rows)

        def subjects() -> FloatArray:
            # The sum of a page's passages tells what it is about, by its direction.
            return np.asarray(np.add.reduceat(dense, np.searchsorted(page_of, np.arange(len(pages))), axis=0))

        followed = follow(self._names, said, pages.tolist(), others, subjects, parts)
        page_number = page_of[similar.passages]
        if self._tells:
            telling = tells_line(query, focus, of_focus, first_of_page)
            line_scores = np.einsum("ql,ql->l", telling[:, page_number], of_focus)
        else:
            line_scores = token_weights(query.focus, focus) @ of_focus
        of_passage = {
            "page": said[-1].known[page_of],
            "title": titles[documents],
            "dense": dense @ focus.vector,
            "bm25": bm25,
            **self._sections.scores(query.focus, focus.vector, rows),
            "named": followed.naming.named[page_of],
            "called": followed.naming.called[page_of],
            "continues": followed.continues[page_of],
            "left": followed.left[page_of],
            "alone": page_scores(said_in[alone.context].known, followed.own, parts)[page_of],
            "called_alone": followed.own.called[page_of],
        }
        of_section = sum((parts[name] * of_passage[name] for name in OF_SECTION), np.zeros(len(rows), np.float32))
        line_totals = parts["line"] * line_scores + of_section[similar.passages]
        # The best line of a page has the page's score: that a page has a line for what is asked does not make it the
        # one that is meant.
        of_page = followed.scores - np.maximum.reduceat(line_totals, first_of_page)
        line_totals += of_page[page_number]
        # How well the page knows the words of the question that it knows least: a procedure of another name shows here.
        least = [weakest(message.query, message.text, message.best)[page_of] for message in said[-2:]]
        starts = np.searchsorted(similar.passages, np.arange(len(rows) + 1))
        signals = {
            **of_passage,
            "weakest": least[-1],
            "weakest_before": least[-2] if len(least) > 1 else np.zeros_like(least[-1]),
            "line": _greatest(line_scores, starts),
            **explained(query, focus, of_focus, line_totals, starts),
        }
        totals = _greatest(line_totals, starts)
        order = np.lexsort((rows, -totals))
        order = order[np.isfinite(totals[order])]  # a passage of characters that the encoder drops has no lines
        return Found(
            rows[order],
            totals[order].astype(np.float32),
            {name: values[order] for name, values in signals.items()},
            ScoredLines(similar.lines, line_totals, starts, order),
            focus,
            context,
        )

    def _said(self, query: Query, text: Encoded, best: FloatArray) -> Said:
        """A message beside the pages; `best` (q, pages) are the cosines of its tokens with each page's nearest ones."""
        weights = tells_page(query, text, best) if self._tells else token_weights(query.context, text)
        return Said(query, text, best, weights @ best)


def _greatest(values: FloatArray, starts: Rows) -> FloatArray:
    """The greatest value of each run from starts[i] to starts[i + 1]; minus infinity for an empty one."""
    greatest = np.full(len(starts) - 1, -np.inf, dtype=np.float32)
    filled = np.flatnonzero(np.diff(starts))
    if len(filled):
        greatest[filled] = np.maximum.reduceat(values, starts[filled])
    return greatest
