"""What operators get: whether the service is up and ready, and which index it answers from."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import ConfigDict

from procqa.service.examples import INDEX, STATE
from procqa.service.responses import Body, IndexBody


class RefusalBody(Body):
    """A published snapshot that does not answer, and why; `version` is empty when not even that could be read."""

    version: str
    reason: str
    at: datetime


class IndexState(IndexBody):
    """The index that answers, and what became of the snapshots published since the service was started."""

    model_config = ConfigDict(json_schema_extra={"examples": [STATE]})

    loaded_at: datetime
    swaps: int
    refused: RefusalBody | None


class Health(Body):
    """The process is up."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"status": "ok"}]})

    status: Literal["ok"]


class Readiness(Body):
    """Questions can be answered, from the index of this version."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"status": "ready", "index": INDEX["version"]}]})

    status: Literal["ready"]
    index: str
