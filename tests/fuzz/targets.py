"""What is fuzzed, by Hypothesis in the tests and by atheris with `python -m tests.fuzz`.

Each target takes any bytes, and fails by an exception when a law does not hold for them.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from procqa.engine import Engine
from procqa.errors import QuestionError
from procqa.index.build import build_index
from procqa.readers import Page, read_file
from procqa.service.app import create_app
from procqa.settings import Settings
from tests import conftest as tiny
from tests.readers.test_laws import check_laws
from tests.service.conftest import Client, serving

Target = Callable[[bytes], None]
# The converter of these takes some time for each file.
SLOW_ENDINGS = (".docx", ".pdf")
ENDINGS = (".txt", ".md", ".html", ".jsonl", *SLOW_ENDINGS)
# The bytes of a question, and of the questions before it, stand between these.
SEPARATOR = "\n---\n"


def reader(ending: str) -> Target:
    """A file of any content is read as pages for which the laws hold, or set aside with a reason."""

    def read(content: bytes) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, f"page{ending}")
            path.write_bytes(content)
            for item in read_file(path, Path(folder)):
                if isinstance(item, Page):
                    check_laws(item)
                else:
                    assert item.reason.startswith(path.name), item.reason

    return read


def asker(engine: Engine) -> Target:
    """Any words are answered in verbatim words of the pages, or refused."""

    def ask(content: bytes) -> None:
        question, *history = content.decode("utf-8", "replace").split(SEPARATOR)
        try:
            reply = engine.ask(question, history=history, max_answers=10, passages=3)
        except QuestionError:
            return
        for citation in reply.citations:
            document = engine.document(citation.doc_id)
            assert document is not None
            assert document.text[citation.start : citation.end] == citation.exact
        quoted = {citation.id: citation.exact for citation in reply.citations}
        for answer in reply.answers:
            assert all(span.text == quoted[span.citation] for span in answer.spans)

    return ask


def door(client: Client, path: str) -> Target:
    """Any body is served or refused as the door says, as JSON or as a stream of it."""

    def post(content: bytes) -> None:
        response = client.post(path, content=content, headers={"content-type": "application/json"})
        assert response.status_code in {200, 400, 404, 413, 422}, response.text
        told = [response.text]
        if response.headers["content-type"].startswith("text/event-stream"):
            *told, end = [line[6:] for line in response.text.split("\n") if line.startswith("data: ")]
            assert end == "[DONE]"
        for each in told:
            json.loads(each)

    return post


@contextmanager
def every_target() -> Iterator[dict[str, Target]]:
    """All targets by name, over the three pages of the tests."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        settings = Settings(
            corpus=tiny.write_pages(home / "corpus"), index=home / "index", state=home / "state", rate_address=""
        )
        encoder: Any = tiny.WordEncoder()
        build_index(settings, encoder=encoder)
        tiny.CALIBRATION.save(settings.index)
        engine = Engine.open(settings.index, encoder=encoder)
        with serving(create_app(lambda: engine, settings)) as client:
            client.wait_until_loaded()
            yield {
                **{f"read{ending}": reader(ending) for ending in ENDINGS},
                "ask": asker(engine),
                "door": door(client, "/v1/ask"),
                "chat": door(client, "/v1/chat/completions"),
                "feedback": door(client, "/v1/feedback"),
            }
