"""Plots that are the same bytes for the same figures."""

from __future__ import annotations

from pathlib import Path

import matplotlib
from matplotlib.figure import Figure


def figure_of(width: float, height: float) -> Figure:
    """An empty figure of so many inches."""
    return Figure(figsize=(width, height), layout="constrained")


def save_plot(figure: Figure, path: Path) -> None:
    """Write it as SVG, without a date and with ids that do not change."""
    with matplotlib.rc_context({"svg.hashsalt": path.stem, "svg.fonttype": "none"}):
        figure.savefig(path, metadata={"Date": None})
