"""The command line: `procqa index | ask | search | serve | eval`."""

from procqa.cli.main import main

__all__ = ["main"]
