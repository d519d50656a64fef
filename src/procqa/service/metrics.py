"""What a service counts and measures, for Prometheus. No label ever holds words of a client."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from procqa.live import LiveEngine
from procqa.types import Reply

# Seconds; the encoder alone takes some milliseconds, and a second is what a client is promised at most.
_SECONDS = (0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class Metrics:
    """The counters of one application, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
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
        self.in_progress = Gauge("procqa_http_in_progress", "Requests without an end yet.", registry=self.registry)
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

    def waited(self, seconds: float) -> None:
        """Note how long a piece of work stood in the queue."""
        self.stages.labels("queue").observe(seconds)

    def hear(self, history: Sequence[str], reply: Reply) -> None:
        """Note how a question ended, and how long each stage took."""
        self.questions.labels(reply.status, reply.abstention.reason if reply.abstention else "").inc()
        for stage, milliseconds in reply.timing_ms.items():
            self.stages.labels(stage).observe(milliseconds / 1000)

    def watch(self, waiting: Callable[[], int], live: LiveEngine) -> None:
        """Read the length of the queue and the state of the index whenever the metrics are read."""
        queue = Gauge("procqa_queue_waiting", "Pieces of work that no thread has begun.", registry=self.registry)
        queue.set_function(waiting)
        self.registry.register(_IndexCollector(live))

    def text(self) -> bytes:
        """All metrics in the text format of Prometheus."""
        return generate_latest(self.registry)


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
