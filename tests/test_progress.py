"""Progress on a terminal and on a plain stream."""

from __future__ import annotations

import io
import itertools

import pytest

from procqa import progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_plain_stream_gets_whole_lines() -> None:
    stream = io.StringIO()
    with progress.shown_on(stream)("Embedding", 3, "passages") as advance:
        for _ in range(3):
            advance(1)
    assert stream.getvalue().endswith("\n")
    (line,) = stream.getvalue().splitlines()
    assert line.startswith("Embedding")
    assert "3/3" in line
    assert "passages" in line
    assert "\r" not in stream.getvalue()


def test_a_plain_stream_gets_a_line_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = itertools.count(0, 4)  # each look at the clock is four seconds later
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))
    stream = io.StringIO()
    with progress.shown_on(stream)("Reading", None, "pages") as advance:
        for _ in range(20):
            advance(5)
    lines = stream.getvalue().splitlines()
    assert 3 <= len(lines) < 20
    assert lines[-1].startswith("Reading")
    assert "100" in lines[-1]


def test_a_terminal_gets_a_bar() -> None:
    stream = Terminal()
    with progress.shown_on(stream)("Embedding", 4, "passages") as advance:
        advance(4)
    assert "\r" in stream.getvalue()
    assert "100%" in stream.getvalue()
    assert "4/4" in stream.getvalue()


@pytest.mark.parametrize("stream", [io.StringIO(), Terminal()])
def test_what_was_noted_last_stands_behind_the_count(stream: io.StringIO) -> None:
    with progress.shown_on(stream)("Teaching", 3, "steps") as advance:
        advance(1, "loss 1.5")
        advance(1, "loss 0.5")
        advance(1)
    *_, last = stream.getvalue().replace("\r", "\n").strip().splitlines()
    assert "3/3" in last
    assert last.rstrip("] ").endswith("loss 0.5")


def test_silence() -> None:
    with progress.silent("Embedding", 4, "passages") as advance:
        advance(4, "almost")


def test_an_error_passes_through() -> None:
    stream = io.StringIO()
    with pytest.raises(KeyError), progress.shown_on(stream)("Reading", 2, "pages"):
        raise KeyError("page")
