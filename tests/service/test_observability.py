"""Metrics and traces of the running application."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from procqa.engine import Engine
from procqa.errors import ProcqaError
from procqa.service.app import create_app
from procqa.settings import Settings

MARKER = "zebrafishtattoo"
QUESTION = {"question": f"How long do I stay in hospital after a mitral valve repair {MARKER}?"}


def samples(text: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """The value of every sample by its name and labels."""
    families = text_string_to_metric_families(text)
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
    }


def value(text: str, name: str, **labels: str) -> float:
    return samples(text)[name, frozenset(labels.items())]


def test_every_request_and_question_is_counted(engine: Engine, serve: Any) -> None:
    with serve(create_app(lambda: engine)) as client:
        client.wait_until_loaded()
        reply = client.post("/v1/ask", json=QUESTION).json()
        assert client.post("/v1/ask", json={"question": "?!"}).json()["abstention"]["reason"] == "not_a_question"
        client.post("/v1/ask", json={"question": ""})
        client.get("/v1/documents/heart/aortic")
        client.request("HEAD", "/v1/documents/heart/aortic")
        client.get("/v1/documents/heart/nothing")
        client.get("/somewhere")
        client.request("BREW", "/v1/ask")
        response = client.get("/metrics")
    text = response.text
    assert response.headers["content-type"].startswith("text/plain; version=")
    requests = "procqa_http_requests_total"
    assert value(text, requests, method="POST", route="/v1/ask", status="200") == 2
    assert value(text, requests, method="POST", route="/v1/ask", status="422") == 1
    assert value(text, requests, method="GET", route="/v1/documents/{doc_id:path}", status="200") == 1
    assert value(text, requests, method="HEAD", route="/v1/documents/{doc_id:path}", status="200") == 1
    assert value(text, requests, method="GET", route="/v1/documents/{doc_id:path}", status="404") == 1
    assert value(text, requests, method="GET", route="-", status="404") == 1
    assert value(text, "procqa_questions_total", status=reply["status"], reason="") == 1
    assert value(text, "procqa_questions_total", status="abstained", reason="not_a_question") == 1
    assert value(text, "procqa_problems_total", code="invalid_request") == 1
    assert value(text, "procqa_problems_total", code="document_not_found") == 1
    for stage in ("queue", "total", "retrieval", "answering"):
        assert value(text, "procqa_stage_seconds_count", stage=stage) >= 1
    assert value(text, "procqa_http_in_progress") == 1
    assert value(text, "procqa_queue_waiting") == 0
    info = engine.info
    assert value(text, "procqa_index_info", version=info.version, embedding_model=info.embedding_model) == 1
    assert value(text, "procqa_index_documents") == 3
    assert value(text, "procqa_index_built_timestamp_seconds") > 1e9
    assert "BREW" not in text
    assert MARKER not in text


def test_without_an_index_there_are_metrics_all_the_same(serve: Any) -> None:
    def fail() -> Engine:
        raise ProcqaError("There is no index.")

    with serve(create_app(fail)) as client:
        client.wait_until_loaded()
        client.post("/v1/ask", json=QUESTION)
        text = client.get("/metrics").text
    assert "procqa_index_documents" not in text
    assert value(text, "procqa_problems_total", code="index_unavailable") >= 1


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[bytes]]:
    """The bodies that a collector of traces on this machine gets."""
    got: list[bytes] = []

    class Collector(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *arguments: Any) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Collector) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
        monkeypatch.setenv("OTEL_SERVICE_NAME", "ward-7")
        yield got
        server.shutdown()
        thread.join()


def test_a_trace_tells_the_stages_and_no_word(
    engine: Engine, serve: Any, tmp_path: Path, collector: list[bytes]
) -> None:
    pytest.importorskip("opentelemetry.exporter.otlp.proto.http", reason="needs procqa[otel]")
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    with serve(create_app(lambda: engine, Settings(state=tmp_path, traces=True))) as client:
        client.wait_until_loaded()
        client.post("/v1/ask", json=QUESTION, headers={"traceparent": parent, "x-request-id": "mine-1"})
        client.get(f"/{MARKER}?q={MARKER}")
    assert not any(MARKER.encode() in body for body in collector)
    exported = [ExportTraceServiceRequest.FromString(body) for body in collector]
    spans = [span for one in exported for part in one.resource_spans for of in part.scope_spans for span in of.spans]
    named = {span.name: span for span in spans}
    asked = named["POST /v1/ask"]
    assert asked.trace_id.hex() == parent.split("-")[1]
    assert asked.parent_span_id.hex() == parent.split("-")[2]
    attributes = {pair.key: pair.value for pair in asked.attributes}
    assert attributes["http.response.status_code"].int_value == 200
    assert attributes["procqa.request_id"].string_value == "mine-1"
    for stage in ("retrieval", "answering"):
        assert named[stage].parent_span_id == asked.span_id
        assert asked.start_time_unix_nano <= named[stage].start_time_unix_nano <= asked.end_time_unix_nano
    assert "GET -" in named
    resource = {pair.key: pair.value.string_value for pair in exported[0].resource_spans[0].resource.attributes}
    assert resource["service.name"] == "ward-7"
