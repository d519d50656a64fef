"""A running procqa service as a system: asked over HTTP, as any client asks it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import httpx

from procqa.errors import ProcqaError
from procqa.evaluation.gold import GoldItem
from procqa.evaluation.records import PassageRecord, SectionRef, SpanRecord
from procqa.evaluation.systems import MAX_ANSWERS, PASSAGES, Outcome, SystemInfo, span_record
from procqa.types import Document, Section

_BUSY = (httpx.codes.TOO_MANY_REQUESTS, httpx.codes.SERVICE_UNAVAILABLE)


class Service:
    """The service at a URL; `timeout` in seconds bounds one question, with the waits that a busy service asks for."""

    def __init__(self, url: str, timeout: float, transport: httpx.BaseTransport | None = None) -> None:
        self._url = url
        self._timeout = timeout
        try:
            self._client = httpx.Client(base_url=url, timeout=timeout, transport=transport)
        except (httpx.InvalidURL, ValueError):
            raise ProcqaError(f"{url} is not a URL; write it like http://127.0.0.1:8000.") from None
        self._pages: dict[str, Document | None] = {}

    def info(self) -> SystemInfo:
        """What the service says of its index. Raises ProcqaError when it cannot be reached."""
        try:
            index = self._json("GET", "/v1/index")
            version = self._json("GET", "/openapi.json").get("info", {}).get("version", "unknown")
            return SystemInfo(
                name="procqa",
                mode="url",
                procqa=version,
                index_version=index["version"],
                embedding_model=index["embedding_model"],
                documents=index["documents"],
                passages=index["passages"],
                settings={"passages": PASSAGES, "max_answers": MAX_ANSWERS, "timeout": self._timeout},
            )
        except (httpx.HTTPError, ValueError, KeyError):
            raise ProcqaError(
                f"No procqa service answers at {self._url}; start it with `procqa serve` or mend --url."
            ) from None

    def ask(self, item: GoldItem) -> Outcome:
        """POST /v1/ask. Raises ProcqaError for an HTTP error and httpx.TimeoutException when time runs out."""
        body = {
            "question": item.question,
            "history": list(item.history),
            "max_answers": MAX_ANSWERS,
            "passages": PASSAGES,
        }
        return self._outcome(self._json("POST", "/v1/ask", body))

    def document(self, doc_id: str) -> Document | None:
        """GET /v1/documents/{doc_id}; kept, since gold names the same pages often."""
        if doc_id not in self._pages:
            response = self._send("GET", f"/v1/documents/{quote(doc_id, safe='/')}", None)
            if response.status_code == httpx.codes.NOT_FOUND:
                self._pages[doc_id] = None
            else:
                self._pages[doc_id] = _document(_body(response))
        return self._pages[doc_id]

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _json(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        return _body(self._send(method, path, body))

    def _send(self, method: str, path: str, body: Mapping[str, Any] | None) -> httpx.Response:
        """One request, again after Retry-After while the service is busy and time is left."""
        until = time.monotonic() + self._timeout
        while True:
            left = max(until - time.monotonic(), 0.001)
            response = self._client.request(method, path, json=body, timeout=left)
            wait = response.headers.get("Retry-After", "")
            if response.status_code not in _BUSY or not wait.isdecimal() or time.monotonic() + int(wait) >= until:
                return response
            time.sleep(int(wait))

    def _outcome(self, reply: Mapping[str, Any]) -> Outcome:
        cited = {citation["id"]: citation for citation in reply["citations"]}
        answers = reply["answers"]
        first = answers[0] if answers else None
        place, abstention, clarification = reply["interpreted_as"], reply["abstention"], reply["clarification"]
        return Outcome(
            status=reply["status"],
            reason=abstention["reason"] if abstention else None,
            answer=first["text"] if first else "",
            confidence=first["confidence"] if first else abstention["confidence"] if abstention else 0.0,
            interpreted_as=SectionRef(place["doc_id"], place["section"]) if place else None,
            spans=tuple(self._span(s["text"], cited[s["citation"]]) for s in first["spans"]) if first else (),
            answer_pages=tuple(cited[x["spans"][0]["citation"]]["doc_id"] for x in answers),
            options=tuple(option["doc_id"] for option in clarification["options"]) if clarification else (),
            passages=tuple(
                PassageRecord(p["passage_id"], p["doc_id"], p["section"], p["start"], p["end"], p["score"], p["text"])
                for p in reply["passages"][:PASSAGES]
            ),
            timing_ms=reply["timing_ms"],
        )

    def _span(self, text: str, citation: Mapping[str, Any]) -> SpanRecord:
        page = self.document(citation["doc_id"])
        return span_record(page, citation["doc_id"], citation["section"], citation["start"], citation["end"], text)


def _body(response: httpx.Response) -> Any:
    if response.is_success:
        return response.json()
    try:
        code = response.json().get("code", "no code")
    except (ValueError, AttributeError):
        code = "no problem object"
    raise ProcqaError(f"The service answered {response.status_code} ({code}).")


def _document(body: Mapping[str, Any]) -> Document:
    sections = tuple(Section(s["section"], s["heading"], s["start"], s["end"]) for s in body["sections"])
    return Document(body["doc_id"], body["title"], body["text"], sections, body["sha256"], body["metadata"])
