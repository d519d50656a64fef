"""An answer as one message of a chat: verbatim words, and below them where they stand."""

from __future__ import annotations

from itertools import groupby

from procqa.service.chat_bodies import Annotation, AnswerMessage, UrlCitation
from procqa.service.responses import AnswerBody, AskResponse, CitationBody
from procqa.types import Status


class _Message:
    """Text that grows, and the places in it that are quotes."""

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url
        self.text = ""
        self.annotations: list[Annotation] = []

    def add(self, text: str) -> None:
        self.text += text

    def quote(self, answer: AnswerBody, citations: dict[str, CitationBody]) -> None:
        """The spans of an answer, one a line, and below those of one section that section."""
        quoted = ((citations[span.citation], span.text) for span in answer.spans)
        of_section = groupby(quoted, lambda quote: (quote[0].doc_id, quote[0].title, quote[0].section))
        for number, ((_, title, section), quotes) in enumerate(of_section):
            self.add("\n\n" if number else "")
            for line, (cited, text) in enumerate(quotes):
                self.add("\n" if line else "")
                start = len(self.text)
                self.add(text)
                url = self._base_url + cited.url
                place = UrlCitation(start_index=start, end_index=len(self.text), title=cited.title, url=url)
                self.annotations.append(Annotation(url_citation=place))
            self.add(f"\n\nSource: {title}, {section}")


def message_of(answer: AskResponse, base_url: str) -> AnswerMessage:
    """The best answer; or an answer for each procedure that may be meant; or why there is none.

    Citations link to `base_url`, without a slash at its end. Page text stays as it is: who shows it must not take it
    for HTML.
    """
    message = _Message(base_url)
    citations = {citation.id: citation for citation in answer.citations}
    if answer.abstention is not None:
        message.add(answer.abstention.message)
        if answer.abstention.nearest:
            nearest = "\n".join(f"- {place.title}, {place.section}" for place in answer.abstention.nearest)
            message.add(f"\n\nNearest sections:\n{nearest}")
    if answer.clarification is not None:
        message.add(answer.clarification.message + "\n\n")
    shown = answer.answers if answer.status is Status.NEEDS_CLARIFICATION else answer.answers[:1]
    for number, each in enumerate(shown):
        message.add("\n\n" if number else "")
        message.quote(each, citations)
    return AnswerMessage(content=message.text, annotations=message.annotations)
