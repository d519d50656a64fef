"""The laws of the contract that hold for every reply, whatever was asked of whatever pages."""

from __future__ import annotations

from procqa.engine import Engine
from procqa.types import Reply, Status


def check_reply(engine: Engine, reply: Reply) -> None:
    """Fail on the first law that a reply breaks."""
    citations = {citation.id: citation for citation in reply.citations}
    assert len(citations) == len(reply.citations)
    assert {span.citation for answer in reply.answers for span in answer.spans} == set(citations)
    for answer in reply.answers:
        assert answer.spans
        assert 0.0 <= answer.confidence <= 1.0
        assert answer.text == "\n".join(span.text for span in answer.spans)
        assert len({span.citation for span in answer.spans}) == len(answer.spans)
        for span in answer.spans:
            assert span.text == citations[span.citation].exact != ""
    assert [a.confidence for a in reply.answers] == sorted((a.confidence for a in reply.answers), reverse=True)
    for citation in reply.citations:
        page = engine.document(citation.doc_id)
        assert page is not None
        assert (citation.title, citation.doc_sha256) == (page.title, page.sha256)
        assert page.text[citation.start : citation.end] == citation.exact
        assert page.text[: citation.start].endswith(citation.prefix)
        assert page.text[citation.end :].startswith(citation.suffix)
        first, last = (2 * place for place in citation.utf16)
        assert page.text.encode("utf-16-le")[first:last].decode("utf-16-le") == citation.exact
        holding = [s.name for s in page.sections if s.start <= citation.start and citation.end <= s.end]
        assert citation.section in holding
    for hit in reply.hits:
        page = engine.document(hit.passage.doc_id)
        assert page is not None
        assert page.text[hit.passage.start : hit.passage.end] == hit.text
    assert (reply.abstention is not None) == (reply.status is Status.ABSTAINED)
    assert (reply.clarification is not None) == (reply.status is Status.NEEDS_CLARIFICATION)
    assert bool(reply.answers) == (reply.status is not Status.ABSTAINED)
    assert reply.index == engine.info
    assert reply.timing_ms["total"] >= 0
