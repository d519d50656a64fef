"""The command line: `procqa index | ask | search | serve | eval | doctor`."""

from procqa.cli.main import main

__all__ = ["main"]
