"""The doors of those who run the service."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST

from procqa.service.metrics import Metrics

router = APIRouter(tags=["service"])


@router.get("/metrics", response_class=Response, name="Read the metrics")
async def read_metrics(request: Request) -> Response:
    """Counts and times, in the text format of Prometheus; no word of any question is among them."""
    metrics: Metrics = request.app.state.metrics
    return Response(metrics.text(), media_type=CONTENT_TYPE_LATEST)
