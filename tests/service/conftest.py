"""A client of the real application, and pages that try to break its addresses and its HTML."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
import uvicorn
from anyio.from_thread import BlockingPortal, start_blocking_portal
from fastapi import FastAPI

from procqa.engine import Engine
from procqa.index.build import build_index
from procqa.service.app import create_app
from procqa.service.server import listen
from procqa.settings import Settings

HOSTILE_TITLE = "<script>alert('title')</script> & \"quotes\""
HOSTILE_PAGES = {
    "кардио/à b?c#d%2F&e.txt": f"""{HOSTILE_TITLE}
Name of the Procedure:
{HOSTILE_TITLE}
Summary
</div></main><script>alert("text")</script> <img src=x onerror=alert(1)> It’s 😀 a tag & an &amp; entity.
Recovery
Rest 😀 for “two” weeks. You’re then fit 👩‍⚕️ again.
""",
}


class Client:
    """Requests to an application, without a socket."""

    def __init__(self, portal: BlockingPortal, app: FastAPI) -> None:
        self.portal = portal
        self._transport = httpx.ASGITransport(app, raise_app_exceptions=False)

    def request(self, method: str, url: str, **options: Any) -> httpx.Response:
        return self.portal.call(lambda: self.send(method, url, **options))

    def get(self, url: str, **options: Any) -> httpx.Response:
        return self.request("GET", url, **options)

    def post(self, url: str, **options: Any) -> httpx.Response:
        return self.request("POST", url, **options)

    async def send(self, method: str, url: str, **options: Any) -> httpx.Response:
        async with httpx.AsyncClient(transport=self._transport, base_url="http://localhost") as client:
            return await client.request(method, url, **options)

    def wait_until_loaded(self) -> None:
        for _ in range(500):
            if self.get("/readyz").json().get("code") != "not_ready":
                return
            self.portal.call(anyio.sleep, 0.01)
        raise AssertionError("the engine never loaded")


Serve = Callable[[FastAPI], AbstractContextManager[Client]]


@contextmanager
def serving(app: FastAPI) -> Iterator[Client]:
    """Run an application's lifespan and its requests on one event loop in a thread."""
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(app.router.lifespan_context(app)):
        yield Client(portal, app)


@pytest.fixture
def serve() -> Serve:
    """Runs an application: `with serve(app) as client`."""
    return serving


@contextmanager
def client_of(tiny: Any, pages: dict[str, str], folder: Path) -> Iterator[Client]:
    """A client of the application over some pages, ready."""
    settings = Settings(corpus=folder / "corpus", index=folder / "index", state=folder / "state")
    for name, text in pages.items():
        (settings.corpus / name).parent.mkdir(parents=True, exist_ok=True)
        (settings.corpus / name).write_text(text, encoding="utf-8")
    encoder = tiny.WordEncoder()
    build_index(settings, encoder=encoder)
    tiny.CALIBRATION.save(settings.index)
    with serving(create_app(lambda: Engine.open(settings.index, encoder=encoder), settings)) as opened:
        opened.wait_until_loaded()
        yield opened


@pytest.fixture(scope="session")
def tiny(pytestconfig: pytest.Config) -> Any:
    """The module of the three pages and the encoder that all tests share; an index of them is built once for all."""
    return pytestconfig.pluginmanager.get_plugin(str(Path(__file__).parents[1] / "conftest.py"))


@pytest.fixture(scope="session")
def client(tiny: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A client of the application over the three pages."""
    with client_of(tiny, tiny.PAGES, tmp_path_factory.mktemp("service")) as opened:
        yield opened


@contextmanager
def listening(app: FastAPI) -> Iterator[str]:
    """Run an application on a port of this machine, in a thread: its address."""
    config = uvicorn.Config(app, log_config=None, access_log=False, ws="none", lifespan="on")
    server = uvicorn.Server(config)
    with closing(listen("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        try:
            for _ in range(500):
                if server.started and httpx.get(f"{url}/readyz", trust_env=False).status_code == 200:
                    break
                time.sleep(0.01)
            yield url
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture
def listen_to() -> Callable[[FastAPI], AbstractContextManager[str]]:
    """Runs an application on a port: `with listen_to(app) as url`."""
    return listening


@pytest.fixture(scope="session")
def live(tiny: Any, built_index: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the application over the three pages, for clients that need a socket."""
    settings = Settings(index=built_index, state=tmp_path_factory.mktemp("live"))
    encoder = tiny.WordEncoder()
    with listening(create_app(lambda: Engine.open(built_index, encoder=encoder), settings)) as url:
        yield url


@pytest.fixture(scope="session")
def hostile(tiny: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A client of the application over the three pages and the hostile one."""
    with client_of(tiny, tiny.PAGES | HOSTILE_PAGES, tmp_path_factory.mktemp("hostile")) as opened:
        yield opened
