"""The service as a process: what it loads, what it refuses to start with, and how it stops."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from procqa.engine import Engine
from procqa.errors import ProcqaError, SnapshotError
from procqa.service.server import listen, run
from procqa.settings import Settings

SERVE = """
import logging, sys
from pathlib import Path
from procqa.service.server import run
from procqa.settings import Settings
logging.basicConfig(level=logging.INFO)
run(Settings(index=Path(sys.argv[1]), port=0))
"""


def test_serving_loads_neither_torch_nor_the_training_library() -> None:
    code = (
        "import sys\n"
        "from procqa.service import server\n"
        "server.create_app(lambda: None).openapi()\n"
        "heavy = {'torch', 'sentence_transformers', 'transformers', 'optimum'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
        "assert 'fastapi' in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_the_json_of_an_answer_needs_no_web_framework() -> None:
    code = "import sys, procqa.service.responses\nassert not {'fastapi', 'starlette', 'uvicorn'} & set(sys.modules)\n"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_a_missing_index_is_told_before_the_address_is_taken(tmp_path: Path) -> None:
    with pytest.raises(SnapshotError, match=r"There is no index in .*; make one with `procqa index build"):
        run(Settings(index=tmp_path / "none", host="not a host"))


def test_a_damaged_index_is_told_before_the_address_is_taken(engine: Engine, settings: Settings) -> None:
    next(settings.index.glob("snapshots/*/manifest.json")).write_text("{", encoding="utf-8")
    with pytest.raises(SnapshotError, match="rebuild it with `procqa index build`"):
        run(settings.with_values(host="not a host"))


def test_a_port_in_use_is_one_clear_sentence(engine: Engine, settings: Settings) -> None:
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ProcqaError, match=rf"^Port {port} of 127\.0\.0\.1 is in use; .*--port\.$"):
            run(settings.with_values(port=port))


@pytest.mark.parametrize("host", ["192.0.2.1", "a" * 70, "no.such.host.invalid"])
def test_an_address_of_no_machine_is_one_clear_sentence(host: str) -> None:
    with pytest.raises(ProcqaError, match="is no address of this machine; choose another with --host"):
        listen(host, 0)


def test_no_packet_is_held_back() -> None:
    with listen("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname()):
        connection, _ = listener.accept()
        with connection:
            assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0


def test_only_this_machine_is_served_unless_told_otherwise() -> None:
    with listen(Settings().host, 0) as listener:
        assert listener.family == socket.AF_INET
        assert listener.getsockname()[0] == "127.0.0.1"


def test_a_served_index_answers_over_http_until_interrupted(engine: Engine, settings: Settings) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", SERVE, str(settings.index)], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stderr is not None
            address = next(found for line in process.stderr if (found := re.search(r"http://127\.0\.0\.1:\d+", line)))
            with httpx.Client(base_url=address.group(), timeout=10, trust_env=False) as client:
                assert client.get("/healthz").status_code == 200
                # The index of the tests holds no encoder, so loading it fails, and says so without a path.
                while (ready := client.get("/readyz")).json()["code"] == "not_ready":
                    pass
                assert (ready.status_code, ready.json()["code"]) == (503, "index_unavailable")
                assert str(settings.index) not in ready.text
                assert client.get("/v1/documents/a%2Fb").headers["x-request-id"]
        finally:
            process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=20)
    assert process.returncode == 0
    assert output == ""
