"""`python -m tests.fuzz TARGET [-runs=N] [libFuzzer options]`: bytes that reach ever more of the code, from atheris."""

from __future__ import annotations

import sys

import atheris


def main() -> None:
    """Fuzz one target until a law breaks or the runs are over; libFuzzer's exit code tells which."""
    with atheris.instrument_imports(include=["procqa", "markdown_it", "selectolax"]):
        from tests.fuzz.targets import every_target

    name, *options = sys.argv[1:] or [""]
    with every_target() as targets:
        if name not in targets:
            raise SystemExit(f"Name a target: {', '.join(targets)}.")
        atheris.Setup([sys.argv[0], *options], targets[name])
        atheris.Fuzz()


if __name__ == "__main__":
    main()
