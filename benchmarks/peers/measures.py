"""What is measured of a serving system, in the same way for all."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from typing import Any

from benchmarks.load.http import Connections, get
from benchmarks.load.process import share_of
from benchmarks.peers.systems import System
from benchmarks.speed.profile import percentiles
from benchmarks.speed.serving import per_second
from procqa.evaluation.gold import GoldItem
from procqa.evaluation.text_scores import token_f1

CLIENTS = (1, 4, 16)
PATIENCE_SECONDS = 120.0


async def ready_seconds(port: int, began: float) -> float:
    """Seconds since `began` until the service says that it answers."""
    connections = Connections(port)
    while (await connections.send(get("/readyz"))).status != 200:
        if time.perf_counter() - began > PATIENCE_SECONDS:
            raise SystemExit(f"what should listen on port {port} did not get ready")
        await asyncio.sleep(0.02)
    connections.close()
    return time.perf_counter() - began


async def latency(port: int, requests: Sequence[bytes]) -> dict[str, float]:
    """Milliseconds of one client that asks again when it is answered."""
    connections = Connections(port)
    found = []
    for request in requests:
        outcome = await connections.send(request)
        assert outcome.status == 200, outcome
        found.append(outcome.seconds * 1000)
    connections.close()
    return percentiles(found)


def speed(system: System, pid: int, port: int, questions: Sequence[str], seconds: float) -> dict[str, float]:
    """One round: latency, memory, and what 1, 4 and 16 clients get."""
    requests = [system.request(question) for question in questions]
    one = asyncio.run(latency(port, requests))
    rates = {f"per_second_{n}": asyncio.run(per_second(port, requests, n, seconds)) for n in CLIENTS}
    return {"p50_ms": one["p50"], "p99_ms": one["p99"], **rates, "memory_mb": share_of(pid)}


async def _bodies(port: int, requests: Sequence[bytes]) -> list[dict[str, Any]]:
    connections = Connections(port)
    found = [json.loads((await connections.fetch(request))[1]) for request in requests]
    connections.close()
    return found


def quality(system: System, port: int, items: Sequence[GoldItem]) -> dict[str, float]:
    """Of questions that have an answer: whether the first page and section are right, and the F1 of the words given.

    A search's words are those of its first passage; a question that is asked back or refused has none. Who knows no
    history is given it before the question.
    """
    answerable = [item for item in items if item.answers]
    replies = asyncio.run(_bodies(port, [system.request("\n".join([*i.history, i.question])) for i in answerable]))
    pages = sections = f1 = 0.0
    for item, reply in zip(answerable, replies, strict=True):
        doc_id, section, text = first_of(reply)
        pages += doc_id in {place.doc_id for place in item.relevant}
        sections += any((doc_id, section) == (place.doc_id, place.section) for place in item.relevant)
        f1 += max(token_f1(text, "\n".join(quotes)) for quotes in item.answers)
    count = len(answerable)
    return {"questions": count, "right_page": pages / count, "right_section": sections / count, "token_f1": f1 / count}


def first_of(reply: dict[str, Any]) -> tuple[str, str, str]:
    """The page, the section and the words that come first in a reply of either kind."""
    if "hits" in reply:
        first = reply["hits"][0] if reply["hits"] else {"doc_id": "", "section": "", "text": ""}
        return first["doc_id"], first["section"], first["text"]
    if not reply["answers"]:
        return "", "", ""
    answer = reply["answers"][0]
    cited = next(c for c in reply["citations"] if c["id"] == answer["spans"][0]["citation"])
    return cited["doc_id"], cited["section"], answer["text"]
