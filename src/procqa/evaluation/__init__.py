"""Offline evaluation: gold questions -> run -> metrics -> report.

`evaluate` runs a gold file against a `System`, made by `open_system` or `open_service`, and writes the files that
`read_run` and `read_metrics` read back. `METRICS` tells each metric's title and which way is better.
"""

from procqa.evaluation.gold import Gold, GoldItem, check_gold, load_gold
from procqa.evaluation.metrics import METRICS, MetricInfo, measure
from procqa.evaluation.opening import SYSTEMS, open_service, open_system
from procqa.evaluation.outputs import read_metrics, read_run
from procqa.evaluation.records import Figure, Metrics, Row, RunHeader
from procqa.evaluation.run import evaluate, require_fit
from procqa.evaluation.systems import Outcome, System, SystemInfo

__all__ = [
    "METRICS",
    "SYSTEMS",
    "Figure",
    "Gold",
    "GoldItem",
    "MetricInfo",
    "Metrics",
    "Outcome",
    "Row",
    "RunHeader",
    "System",
    "SystemInfo",
    "check_gold",
    "evaluate",
    "load_gold",
    "measure",
    "open_service",
    "open_system",
    "read_metrics",
    "read_run",
    "require_fit",
]
