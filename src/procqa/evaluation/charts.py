"""Small SVG charts: lines and dots in a unit square, an interval bar, a histogram. Colours come from the page's CSS.

Every chart is a whole <svg> element with a text alternative; names and numbers are escaped by markupsafe.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import floor, log10

import numpy as np
from markupsafe import Markup

from procqa.evaluation.records import Figure
from procqa.evaluation.wording import duration

WIDTH, HEIGHT = 420.0, 300.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 56.0, 22.0, 10.0, 44.0
_PLOT_WIDTH, _PLOT_HEIGHT = WIDTH - _LEFT - _RIGHT, HEIGHT - _TOP - _BOTTOM
_BINS = 24

Points = Sequence[tuple[float, float]]


def interval_bar(figure: Figure) -> Markup:
    """A bar of a share from 0 to 1 with the whisker of its interval; stretches to the width of its place."""
    if figure.value is None:
        return Markup("")
    whisker = Markup("")
    if figure.low is not None and figure.high is not None:
        low, high = 100 * figure.low, 100 * figure.high
        path = f"M{low:.2f} 5H{high:.2f}M{low:.2f} 2.5V7.5M{high:.2f} 2.5V7.5"
        whisker = Markup('<path class="whisker" d="{}"/>').format(path)
    return Markup(
        '<svg class="bar" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">'
        '<rect class="track" width="100" height="10"/><rect class="fill" width="{}" height="10"/>{}</svg>'
    ).format(f"{100 * figure.value:.2f}", whisker)


def risk_coverage_chart(points: Points) -> Markup:
    """Risk (share of wrong answers) over coverage (share of questions answered), both from 0 to 1."""
    line = Markup('<path class="line" d="{}"/>').format(_path(points))
    area = Markup('<path class="area" d="{}V{}H{}Z"/>').format(_path(points), f"{_y(0):.1f}", f"{_x(points[0][0]):.1f}")
    label = f"Risk-coverage curve: the risk is {points[-1][1]:.2f} when all questions are answered."
    return _chart(label, [_unit_axes("share of questions answered", "share of them wrong"), area, line])


def reliability_chart(bins: Sequence[tuple[float, float, int]]) -> Markup:
    """Accuracy over mean confidence, a dot a bin (its area grows with the bin's questions), and the ideal diagonal."""
    most = max(n for _, _, n in bins)
    ideal = Markup('<path class="ideal" d="{}"/>').format(_path([(0, 0), (1, 1)]))
    line = Markup('<path class="line thin" d="{}"/>').format(_path([(x, y) for x, y, _ in bins]))
    dots = [
        Markup('<circle class="dot" cx="{}" cy="{}" r="{}"><title>{}</title></circle>').format(
            f"{_x(x):.1f}",
            f"{_y(y):.1f}",
            f"{3 + 4 * (n / most) ** 0.5:.1f}",
            f"{n} answers: confidence {x:.2f}, right {y:.2f}",
        )
        for x, y, n in bins
    ]
    label = f"Reliability curve of {sum(n for _, _, n in bins)} answers in {len(bins)} bins."
    return _chart(label, [_unit_axes("mean confidence", "share right"), ideal, line, *dots])


def latency_chart(milliseconds: Sequence[float], marks: Iterable[tuple[str, float]] = ()) -> Markup:
    """A histogram of positive times on a logarithmic axis, with named upright lines such as percentiles."""
    logs = np.log10(np.maximum(milliseconds, 1e-3))
    low, high = float(logs.min()), float(logs.max())
    # One repeated time still gets an axis of some width, and the extremes a little air.
    low, high = low - 0.05 - (low == high) * 0.3, high + 0.05 + (low == high) * 0.3
    counts, edges = np.histogram(logs, bins=_BINS, range=(low, high))
    most = int(counts.max())
    top = most * 1.25  # room above the columns for the names of the lines

    def across(value: float) -> float:
        return (value - low) / (high - low)

    columns = [
        Markup('<rect class="fill" x="{}" y="{}" width="{}" height="{}"><title>{}</title></rect>').format(
            f"{_x(across(left)) + 0.5:.1f}",
            f"{_y(count / top):.1f}",
            f"{_PLOT_WIDTH / _BINS - 1:.1f}",
            f"{_PLOT_HEIGHT * count / top:.1f}",
            f"{count} questions in {duration(10**left)} to {duration(10**right)}",
        )
        for count, left, right in zip(counts, edges[:-1], edges[1:], strict=True)
        if count
    ]
    lines = [_upright(across(log10(max(value, 1e-3))), name, row) for row, (name, value) in enumerate(marks)]
    ticks = [(across(log10(value)), duration(value)) for value in _log_ticks(low, high)]
    heights = [(value / top, str(value)) for value in sorted({0, (most + 1) // 2, most})]
    label = f"Histogram of {len(milliseconds)} latencies, from {duration(10 ** float(logs.min()))} to "
    label += f"{duration(10 ** float(logs.max()))}."
    return _chart(label, [_axes(ticks, heights, "time to the answer", "questions"), *columns, *lines])


def _chart(label: str, parts: Iterable[Markup]) -> Markup:
    return Markup('<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>').format(
        f"{WIDTH:.0f}", f"{HEIGHT:.0f}", label, Markup("").join(parts)
    )


def _unit_axes(across: str, up: str) -> Markup:
    ticks = [(value / 4, f"{value / 4:.2g}") for value in range(5)]
    return _axes(ticks, ticks, across, up)


def _axes(ticks: Sequence[tuple[float, str]], heights: Sequence[tuple[float, str]], across: str, up: str) -> Markup:
    """Grid, tick words and axis names; ticks are (place from 0 to 1, words)."""
    parts = [Markup('<path class="grid" d="M{} {}H{}"/>').format(_LEFT, _y(at), WIDTH - _RIGHT) for at, _ in heights]
    parts += [
        Markup('<text class="end" x="{}" y="{}">{}</text>').format(_LEFT - 7, f"{_y(at) + 4:.1f}", words)
        for at, words in heights
    ]
    parts += [
        Markup('<text class="middle" x="{}" y="{}">{}</text>').format(f"{_x(at):.1f}", HEIGHT - _BOTTOM + 17, words)
        for at, words in ticks
    ]
    middle = _TOP + _PLOT_HEIGHT / 2
    parts += [
        Markup('<text class="middle name" x="{}" y="{}">{}</text>').format(_x(0.5), HEIGHT - 6, across),
        Markup('<text class="middle name" transform="translate(12 {}) rotate(-90)">{}</text>').format(middle, up),
    ]
    return Markup("").join(parts)


def _upright(at: float, name: str, row: int) -> Markup:
    """A named line from top to bottom; names stand one below the other so that they never overlap."""
    x, left = _x(at), at > 0.8
    return Markup('<path class="mark" d="M{} {}V{}"/><text class="mark {}" x="{}" y="{}">{}</text>').format(
        f"{x:.1f}", _TOP, HEIGHT - _BOTTOM, "end" if left else "", f"{x + (-5 if left else 5):.1f}",
        _TOP + 12 + 15 * row, name,
    )  # fmt: skip


def _log_ticks(low: float, high: float) -> list[float]:
    """1, 2 and 5 times powers of ten between 10^low and 10^high, thinned to whole powers when they are many."""
    powers = range(floor(low), floor(high) + 1)
    ticks = [step * 10.0**power for power in powers for step in (1, 2, 5)]
    within = [value for value in ticks if low <= log10(value) <= high]
    if len(within) > 8:
        return [value for value in within if log10(value).is_integer()]
    return within


def _path(points: Points) -> str:
    return "M" + "L".join(f"{_x(x):.1f} {_y(y):.1f}" for x, y in points)


def _x(share: float) -> float:
    return _LEFT + share * _PLOT_WIDTH


def _y(share: float) -> float:
    return _TOP + (1 - share) * _PLOT_HEIGHT
