"""`python -m benchmarks.speed.serving`: how near a service comes to its encoder.

    python -m benchmarks.speed.serving --index INDEX --gold GOLD [--rounds 5] [--seconds 10]

Starts a service on this machine (time to ready, memory, and what a second process adds), then, round after round:
one client that asks in turn with the encoder alone on the same questions (medians and their ratio), and as many
questions a second as 1, 4 and 16 clients get answered beside what the encoder alone reaches on the same cores, with as
many threads as there are cores. Replies are not remembered. The client takes its share of the cores. `--fast` asks a
service that does not read passages beside the question.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks.load.http import Connections, get, post
from benchmarks.load.process import memory_of, service, share_of
from benchmarks.speed.profile import percentiles
from procqa.embedding import OnnxEncoder
from procqa.evaluation.gold import GoldItem, load_gold
from procqa.index.snapshot import ENCODER
from procqa.index.versions import current_folder
from procqa.retrieval import read_query

CLIENTS = (1, 4, 16)
UNLIMITED = {"PROCQA_QUEUE": "1000", "PROCQA_QUEUE_SECONDS": "60", "PROCQA_REMEMBERED": "0"}


def asked(item: GoldItem) -> bytes:
    """A question as a whole request."""
    return post("/v1/ask", json.dumps({"question": item.question, "history": list(item.history)}).encode())


def texts(item: GoldItem) -> list[str]:
    """All that a question needs encoded."""
    query = read_query(item.question, item.history)
    return list(dict.fromkeys((query.context, query.focus)))


async def ready(port: int) -> None:
    """Wait until the service says that it answers."""
    connections = Connections(port)
    while (await connections.send(get("/readyz"))).status != 200:
        await asyncio.sleep(0.01)
    connections.close()


def start_figures(index: Path, rounds: int, options: Sequence[str]) -> dict[str, Any]:
    """Seconds from starting one process until it is ready, its memory, and what a second one on the same index adds."""
    seconds, resident, first, second = [], [], [], []
    alone = [*options, "--workers", "1"]
    for _ in range(rounds):
        began = time.perf_counter()
        with service(index, options=alone) as (pid, port):
            asyncio.run(ready(port))
            seconds.append(time.perf_counter() - began)
            asyncio.run(warm(port))
            resident.append(memory_of(pid))
            first.append(share_of(pid))
            with service(index, options=alone) as (other, other_port):
                asyncio.run(ready(other_port))
                asyncio.run(warm(other_port))
                second.append(share_of(pid) + share_of(other) - first[-1])
    return {
        "ready_seconds": round(statistics.median(seconds), 2),
        "resident_mb": round(statistics.median(resident)),
        "pss_mb": round(statistics.median(first)),
        "second_process_adds_mb": round(statistics.median(second)),
    }


async def warm(port: int) -> None:
    """Ask a little, so that what is loaded by the first question is counted too."""
    connections = Connections(port)
    for word in ("recovery", "risks", "duration", "preparation", "summary"):
        await connections.send(post("/v1/ask", json.dumps({"question": f"What about {word}?"}).encode()))
    connections.close()


async def one_client(port: int, encoder: OnnxEncoder, items: Sequence[GoldItem]) -> dict[str, Any]:
    """Each question encoded alone, then asked."""
    connections = Connections(port)
    alone, whole = [], []
    for item in items:
        began = time.perf_counter()
        for text in texts(item):
            encoder.encode_question(text)
        alone.append((time.perf_counter() - began) * 1000)
        outcome = await connections.send(asked(item))
        assert outcome.status == 200, outcome
        whole.append(outcome.seconds * 1000)
    connections.close()
    return {"encoder_ms": percentiles(alone), "http_ms": percentiles(whole)}


async def per_second(port: int, requests: Sequence[bytes], clients: int, seconds: float) -> float:
    """Requests answered a second when so many clients each send again as soon as they are answered."""
    connections = Connections(port)
    until = time.perf_counter() + seconds
    answered = 0

    async def client(number: int) -> None:
        nonlocal answered
        place = number
        while time.perf_counter() < until:
            outcome = await connections.send(requests[place % len(requests)])
            answered += outcome.status == 200
            place += clients

    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for number in range(clients):
            group.create_task(client(number))
    connections.close()
    return answered / (time.perf_counter() - began)


def encoder_per_second(encoder: OnnxEncoder, items: Sequence[GoldItem], seconds: float) -> float:
    """Questions encoded a second by as many threads as there are cores, which do nothing else."""
    threads = len(os.sched_getaffinity(0))
    until = time.perf_counter() + seconds

    def work(number: int) -> int:
        place = number
        while time.perf_counter() < until:
            for text in texts(items[place % len(items)]):
                encoder.encode_question(text)
            place += threads
        return (place - number) // threads

    began = time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        done = sum(pool.map(work, range(threads)))
    return done / (time.perf_counter() - began)


def measure(
    index: Path, items: Sequence[GoldItem], rounds: int, seconds: float, threads: int, fast: bool
) -> dict[str, Any]:
    """All figures; of each the median over the rounds."""
    folder = current_folder(index)
    assert folder is not None, f"there is no index in {index}"
    encoder = OnnxEncoder(folder / ENCODER, threads)
    requests = [asked(item) for item in items]
    single, alone, served = [], [], {clients: [] for clients in CLIENTS}
    options = ["--threads", str(threads), *(["--fast"] if fast else [])]
    started = start_figures(index, rounds, options)
    with service(index, UNLIMITED, options) as (pid, port):
        asyncio.run(ready(port))
        asyncio.run(one_client(port, encoder, items[:50]))
        for _ in range(rounds):
            single.append(asyncio.run(one_client(port, encoder, items)))
            alone.append(encoder_per_second(encoder, items, seconds))
            for clients in CLIENTS:
                served[clients].append(asyncio.run(per_second(port, requests, clients, seconds)))
        together = share_of(pid)
    figures: dict[str, Any] = {"reader": not fast, **started, "service_mb_after": round(together), "rounds": rounds}
    for name in ("encoder_ms", "http_ms"):
        figures[name] = {
            share: round(statistics.median(found[name][share] for found in single), 2) for share in ("p50", "p99")
        }
    for share in ("p50", "p99"):
        ratios = [found["http_ms"][share] / found["encoder_ms"]["p50"] for found in single]
        figures[f"http_{share}_per_encoder_p50"] = round(statistics.median(ratios), 2)
    figures["encoder_alone_per_second"] = round(statistics.median(alone), 1)
    for clients, rates in served.items():
        figures[f"answered_per_second_{clients}"] = round(statistics.median(rates), 1)
        shares = [rate / best for rate, best in zip(rates, alone, strict=True)]
        figures[f"share_of_encoder_{clients}"] = round(statistics.median(shares), 3)
    return figures | {"load": [round(value, 2) for value in os.getloadavg()]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--index", type=Path, required=True, help="folder of a built index")
    parser.add_argument("--gold", type=Path, required=True, help="questions to ask")
    parser.add_argument("--questions", type=int, default=300, help="how many of them (%(default)s)")
    parser.add_argument("--rounds", type=int, default=5, help="of everything (%(default)s)")
    parser.add_argument("--seconds", type=float, default=10, help="of each load in a round (%(default)s)")
    parser.add_argument("--threads", type=int, default=0, help="of the encoder; 0: as procqa chooses")
    parser.add_argument("--fast", action="store_true", help="without reading passages beside the question")
    given = parser.parse_args()
    items = load_gold(given.gold).items
    step = max(1, len(items) // given.questions)
    chosen = items[::step][: given.questions]
    figures = measure(given.index, chosen, given.rounds, given.seconds, given.threads, given.fast)
    print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
