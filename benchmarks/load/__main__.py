"""`python -m benchmarks.load`: three times the capacity, and clients that misbehave.

Prints the figures and what of the promises does not hold. The service is started on a free port of this machine, and
stopped at the end. The load takes cores from it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import resource
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.load.http import Connections, Outcome, get, question
from benchmarks.load.misbehaving import KINDS, Idle
from benchmarks.load.process import ROOT, START_SECONDS, service, share_of

# Questions at a time that keep both cores busy, and so measure the capacity.
CLIENTS = 4


@dataclass(slots=True)
class Phase:
    """What was seen in one part of the run; seconds, and memory in MB."""

    outcomes: list[Outcome] = field(default_factory=list)
    probes: list[Outcome] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)
    seconds: float = 0.0

    def report(self) -> dict[str, Any]:
        """The figures of the phase."""
        accepted = [item.seconds for item in self.outcomes if item.status == 200]
        refused = [item.seconds for item in self.outcomes if item.status in {429, 503}]
        return {
            "seconds": round(self.seconds, 1),
            "statuses": dict(sorted(Counter(str(item.status) for item in self.outcomes).items())),
            "sent_per_second": round(len(self.outcomes) / self.seconds, 1),
            "answered_per_second": round(len(accepted) / self.seconds, 1),
            "accepted_seconds": quantiles(accepted),
            "refused_seconds": quantiles(refused),
            "healthz_seconds": quantiles([probe.seconds for probe in self.probes]),
            "healthz_failed": sum(probe.status != 200 for probe in self.probes),
            "memory_mb": {"first": self.memory[0], "last": self.memory[-1], "most": max(self.memory)},
        }


def quantiles(values: list[float]) -> dict[str, float]:
    """Median, 99th percentile and greatest, in seconds; empty for less than two values."""
    if len(values) < 2:
        return {}
    cuts = statistics.quantiles(values, n=100, method="inclusive")
    return {"p50": round(cuts[49], 4), "p99": round(cuts[98], 4), "max": round(max(values), 4)}


async def watch(phase: Phase, pid: int, port: int) -> None:
    """Note memory and whether /healthz answers, twice a second, until cancelled."""
    connections = Connections(port)
    while True:
        phase.memory.append(share_of(pid))
        phase.probes.append(await connections.send(get("/healthz")))
        await asyncio.sleep(0.5)


async def measure(
    pid: int, port: int, seconds: float, load: Callable[[Phase, float], Coroutine[Any, Any, None]]
) -> Phase:
    """Watch the service while a load runs."""
    phase = Phase()
    watching = asyncio.create_task(watch(phase, pid, port))
    began = time.perf_counter()
    await load(phase, began + seconds)
    phase.seconds = time.perf_counter() - began
    watching.cancel()
    with suppress(asyncio.CancelledError):
        await watching
    return phase


async def closed_loop(
    phase: Phase, until: float, connections: Connections, requests: list[bytes], clients: int
) -> None:
    """So many clients, each asking again as soon as it is answered."""

    async def client(number: int) -> None:
        place = number
        while time.perf_counter() < until:
            phase.outcomes.append(await connections.send(requests[place % len(requests)]))
            place += clients

    async with asyncio.TaskGroup() as group:
        for number in range(clients):
            group.create_task(client(number))


async def open_loop(phase: Phase, until: float, connections: Connections, requests: list[bytes], rate: float) -> None:
    """So many questions a second at random moments, however many are still unanswered."""
    chance = random.Random(1)

    async def one(request: bytes) -> None:
        phase.outcomes.append(await connections.send(request))

    due, place = time.perf_counter(), 0
    async with asyncio.TaskGroup() as group:
        while due < until:
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            group.create_task(one(requests[place % len(requests)]))
            due, place = due + chance.expovariate(rate), place + 1


async def misbehave(port: int, each: int) -> None:
    """So many clients of each kind that misbehaves, until cancelled."""

    async def again(kind: Callable[[int, random.Random], Coroutine[Any, Any, None]], chance: random.Random) -> None:
        while True:
            with suppress(OSError, TimeoutError, asyncio.IncompleteReadError):
                await kind(port, chance)
            await asyncio.sleep(0.05)

    async with asyncio.TaskGroup() as group:
        for name, kind in KINDS.items():
            for number in range(each):
                group.create_task(again(kind, random.Random(f"{name} {number}")))


async def ready(port: int) -> None:
    """Wait until questions are answered."""
    connections = Connections(port)
    async with asyncio.timeout(START_SECONDS):
        while (await connections.send(get("/readyz"))).status != 200:
            await asyncio.sleep(0.1)


async def run(pid: int, port: int, requests: list[bytes], given: argparse.Namespace) -> dict[str, Any]:
    """All phases, one after the other, over one running service."""
    await ready(port)
    connections = Connections(port)
    report: dict[str, Any] = {}

    async def phase(name: str, seconds: float, load: Callable[[Phase, float], Coroutine[Any, Any, None]]) -> Phase:
        seen = await measure(pid, port, seconds, load)
        report[name] = seen.report()
        print(f"{name}: {json.dumps(report[name])}", file=sys.stderr, flush=True)
        return seen

    # The encoder's own memory and caches are there after some questions; what comes after must not grow.
    await closed_loop(Phase(), time.perf_counter() + given.warm_up, connections, requests, CLIENTS)
    await phase("capacity", given.capacity, lambda p, u: closed_loop(p, u, connections, requests, CLIENTS))
    rate = given.times * report["capacity"]["answered_per_second"]
    await phase("overload", given.seconds, lambda p, u: open_loop(p, u, connections, requests, rate))

    idle = Idle(port, given.idle)
    around = [asyncio.create_task(idle.hold()), asyncio.create_task(misbehave(port, given.misbehaving))]
    await asyncio.sleep(given.idle / 1000)
    await phase("attack", given.seconds, lambda p, u: closed_loop(p, u, connections, requests, 1))
    for task in around:
        task.cancel()
    await asyncio.gather(*around, return_exceptions=True)
    report["attack"]["idle_connections"] = {"most_open": idle.most, "closed_by_service": idle.closed}
    await asyncio.sleep(2)
    await phase("after", given.capacity, lambda p, u: closed_loop(p, u, connections, requests, CLIENTS))
    connections.close()
    return report


def broken(report: dict[str, Any]) -> list[str]:
    """What does not hold of: no 5xx but 503, accepted p99 under 1 s, flat memory, others answered all the while."""
    found = []
    for name in ("overload", "attack", "after"):
        phase = report[name]
        wrong = {status: count for status, count in phase["statuses"].items() if status not in {"200", "429", "503"}}
        if wrong:
            found.append(f"{name}: statuses {wrong}")
        if phase["accepted_seconds"].get("p99", 99.0) >= 1.0:
            found.append(f"{name}: accepted requests' p99 is {phase['accepted_seconds'].get('p99')} s")
        memory = phase["memory_mb"]
        if memory["last"] > memory["first"] * 1.1:
            found.append(f"{name}: memory grew from {memory['first']} to {memory['last']} MB")
        if phase["healthz_failed"]:
            found.append(f"{name}: /healthz failed {phase['healthz_failed']} times")
    return found


def main() -> int:
    """The exit code: 0 when everything holds, else 1."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--index", type=Path, default=Path("index"), help="folder of the index (%(default)s)")
    parser.add_argument("--gold", type=Path, default=ROOT / "eval" / "gold-dev.jsonl", help="questions to ask")
    parser.add_argument("--seconds", type=float, default=600, help="of overload, and of misbehaving (%(default)s)")
    parser.add_argument("--capacity", type=float, default=15, help="seconds that measure the capacity (%(default)s)")
    parser.add_argument("--warm-up", type=float, default=10, help="seconds before anything is measured (%(default)s)")
    parser.add_argument("--times", type=float, default=3.0, help="the capacity, that is asked (%(default)s)")
    parser.add_argument("--idle", type=int, default=10_000, help="connections that ask nothing (%(default)s)")
    parser.add_argument("--misbehaving", type=int, default=5, help="clients of each bad kind (%(default)s)")
    parser.add_argument("--out", type=Path, help="file for the figures, as JSON")
    given = parser.parse_args()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    requests = [question(json.loads(line)["question"]) for line in given.gold.read_text(encoding="utf-8").splitlines()]
    with service(given.index) as (pid, port):
        report = asyncio.run(run(pid, port, requests, given))
    report["broken"] = broken(report)
    print(json.dumps(report, indent=1))
    if given.out:
        given.out.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    return 1 if report["broken"] else 0


if __name__ == "__main__":
    sys.exit(main())
