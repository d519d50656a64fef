"""What a service counts and measures, for Prometheus. No label ever holds words of a client.

Where a service has several processes, each counts in a file of its own, and whichever is asked tells the sums. Of the
index it tells what it has loaded itself, and of memory, files and processor each process apart.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest, values
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from procqa.live import LiveEngine
from procqa.service.shared import Shared
from procqa.types import Reply

# Seconds; the encoder alone takes some milliseconds, and a second is what a client is promised at most.
_SECONDS = (0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class Metrics:
    """The counters of one application, in a registry of their own."""

    def __init__(self, shared: Shared | None = None) -> None:
        self._shared = shared or Shared()
        if self._shared.metrics is not None:
            _count_in_files(self._shared)
        self.registry = CollectorRegistry()
        self._beside: list[Collector] = [_ProcessesCollector(self._shared)]
        self.requests = Counter(
            "procqa_http_requests", "Responses sent.", ["method", "route", "status"], registry=self.registry
        )
        self.seconds = Histogram(
            "procqa_http_request_seconds",
            "From the head of a request to the end of its response.",
            ["route"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.in_progress = Gauge(
            "procqa_http_in_progress",
            "Requests without an end yet.",
            registry=self.registry,
            multiprocess_mode="livesum",
        )
        self.waiting = Gauge(
            "procqa_queue_waiting",
            "Pieces of work that no thread has begun.",
            registry=self.registry,
            multiprocess_mode="livesum",
        )
        Counter("procqa_process_starts", "Processes of this service that were started.", registry=self.registry).inc()
        self.problems = Counter("procqa_problems", "Problems told, by their code.", ["code"], registry=self.registry)
        self.questions = Counter(
            "procqa_questions", "Replies to questions; reason is empty for answers.", ["status", "reason"],
            registry=self.registry,
        )  # fmt: skip
        self.stages = Histogram(
            "procqa_stage_seconds",
            "Stages of answering a question; total is all of them, queue the waiting before them.",
            ["stage"],
            buckets=_SECONDS,
            registry=self.registry,
        )

    def waits(self) -> None:
        """Note that a piece of work stands in the queue."""
        self.waiting.inc()

    def waited(self, seconds: float) -> None:
        """Note that a piece of work was taken from the queue, and how long it stood there."""
        self.waiting.dec()
        self.stages.labels("queue").observe(seconds)

    def hear(self, history: Sequence[str], reply: Reply) -> None:
        """Note how a question ended, and how long each stage took."""
        self.questions.labels(reply.status, reply.abstention.reason if reply.abstention else "").inc()
        for stage, milliseconds in reply.timing_ms.items():
            self.stages.labels(stage).observe(milliseconds / 1000)

    def watch(self, live: LiveEngine) -> None:
        """Read the state of the index whenever the metrics are read."""
        self._beside.append(_IndexCollector(live))

    def text(self) -> bytes:
        """All metrics in the text format of Prometheus."""
        folder = self._shared.metrics
        told = CollectorRegistry()
        told.register(self.registry if folder is None else MultiProcessCollector(None, str(folder)))  # type: ignore[no-untyped-call]
        for collector in self._beside:
            told.register(collector)
        return generate_latest(told)


def _count_in_files(shared: Shared) -> None:
    """Let what is made from now on count in files of the shared folder, named by the number of this process.

    The library decides this by its environment at import; to set it later is how it is told of other numbers than ids.
    """
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(shared.metrics)
    values.ValueClass = values.MultiProcessValue(lambda: shared.number)  # type: ignore[no-untyped-call]


class _ProcessesCollector(Collector):
    """What the system knows of each process, with its number as a label where there are several."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    def collect(self) -> Iterator[Metric]:
        families: dict[str, Metric] = {}
        processes = self._shared.processes()
        for number, pid in processes.items() or [(0, os.getpid())]:
            labels = {"worker": str(number)} if processes else {}
            for family in ProcessCollector(pid=partial(int, pid), registry=None).collect():
                kept = families.setdefault(family.name, Metric(family.name, family.documentation, family.type))
                for sample in family.samples:
                    kept.add_sample(sample.name, labels, sample.value)
        yield from families.values()


class _IndexCollector(Collector):
    """The index at the moment of reading; of its contents nothing while none is loaded."""

    def __init__(self, live: LiveEngine) -> None:
        self._live = live

    def collect(self) -> Iterator[Metric]:
        yield CounterMetricFamily("procqa_index_swaps", "Snapshots that took over from another.", self._live.swaps)
        refused = float(self._live.refused is not None)
        yield GaugeMetricFamily("procqa_index_refused", "1 while what is published cannot be used.", refused)
        if self._live.engine is None:
            return
        info = self._live.engine.info
        named = GaugeMetricFamily("procqa_index_info", "The index in use.", labels=["version", "embedding_model"])
        named.add_metric([info.version, info.embedding_model], 1)
        yield named
        built = datetime.fromisoformat(info.built_at).timestamp()
        yield GaugeMetricFamily("procqa_index_built_timestamp_seconds", "When it was built.", built)
        yield GaugeMetricFamily("procqa_index_documents", "Documents in it.", info.documents)
        yield GaugeMetricFamily("procqa_index_passages", "Passages in it.", info.passages)
