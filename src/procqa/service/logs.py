"""Logs for people or for machines, which hold no question even at the level debug.

Our own lines are written to name no words of a client. Of libraries nobody can promise that, so that of their lines
only those of the HTTP server are told in full, and of any exception only the lines of code that it passed through.
"""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any, TextIO

from procqa.service.problems import where
from procqa.settings import Settings

TOLD_IN_FULL = ("procqa", "uvicorn.error")


def configure(settings: Settings, stream: TextIO | None = None) -> None:
    """Log to `stream` (standard error) as the settings say, in place of whatever was set up before."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter() if settings.log_format == "json" else TextFormatter())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("procqa").setLevel(settings.log_level.upper())
    logging.captureWarnings(True)


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time, level, logger, message, and the fields of the record."""

    def format(self, record: logging.LogRecord) -> str:
        row: dict[str, Any] = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": told(record),
            **getattr(record, "fields", {}),
        }
        return json.dumps(row, ensure_ascii=False, default=str)


class TextFormatter(logging.Formatter):
    """One line a record, and then where an exception came from."""

    def format(self, record: logging.LogRecord) -> str:
        return f"{_time(record)} {record.levelname} {record.name}: {told(record)}"


def told(record: logging.LogRecord) -> str:
    """What may be said of a record."""
    own = any(record.name == name or record.name.startswith(f"{name}.") for name in TOLD_IN_FULL)
    message = record.getMessage() if own else f"at {record.pathname}:{record.lineno}"
    error = record.exc_info[1] if record.exc_info else None
    return message if error is None else f"{message}: {type(error).__name__} at\n{where(error)}"


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
