"""Who is let in: keys, scopes, hosts, origins, and what the answers to browsers say."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from procqa.engine import Engine
from procqa.errors import ProcqaError
from procqa.service.access import anonymous_scopes, is_loopback, needed_scope
from procqa.service.app import create_app
from procqa.service.headers import framed_by
from procqa.service.keys import KeyFile
from procqa.service.server import run, who_may_ask
from procqa.settings import Settings

QUESTION = {"question": "How long do I stay in hospital after a mitral valve repair?"}
SITE, OTHER = "https://www.hospital.example", "https://evil.example"
Open = Callable[..., Any]


@pytest.fixture
def opened(engine: Engine, serve: Any, tmp_path: Path) -> Iterator[Open]:
    """Clients of applications with the given settings, whose keys are in `state`."""
    with ExitStack() as stack:

        def start(**values: Any) -> Any:
            app = create_app(lambda: engine, Settings(state=tmp_path / "state", **values))
            client = stack.enter_context(serve(app))
            client.wait_until_loaded()
            return client

        yield start


@pytest.fixture
def keys(tmp_path: Path) -> KeyFile:
    return KeyFile(tmp_path / "state")


def bearer(token: str, **headers: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}", **headers}


def outcome(response: Any) -> tuple[int, str]:
    return response.status_code, response.json().get("code", "")


def test_on_this_machine_no_key_is_needed(opened: Open) -> None:
    client = opened()
    assert outcome(client.post("/v1/ask", json=QUESTION)) == (200, "")
    assert client.get("/metrics").status_code == 200
    # Clients of the OpenAI interface must send something.
    assert outcome(client.post("/v1/ask", json=QUESTION, headers=bearer("anything"))) == (200, "")


@pytest.mark.parametrize("values", [{"host": "0.0.0.0"}, {"require_keys": True}])
def test_elsewhere_every_question_needs_a_good_key(opened: Open, keys: KeyFile, values: dict[str, Any]) -> None:
    key, token = keys.create("mine")
    revoked, dead = keys.create("revoked")
    keys.revoke(revoked.id)
    _, expired = keys.create("expired", lifetime=timedelta(seconds=-1))
    client = opened(**values)

    def ask(**headers: str) -> tuple[int, str]:
        return outcome(client.post("/v1/ask", json=QUESTION, headers=headers))

    assert ask() == (401, "key_missing")
    assert ask(Authorization="Basic eDp5") == (401, "key_missing")
    assert ask(**bearer("wrong")) == (401, "key_invalid")
    assert ask(**bearer(token[:-1])) == (401, "key_invalid")
    assert ask(**bearer(dead)) == (401, "key_invalid")
    assert ask(**bearer(expired)) == (401, "key_expired")
    assert ask(**bearer(token)) == (200, "")
    assert ask(authorization=f"bearer {token}") == (200, "")
    refused = client.post("/v1/ask", json=QUESTION, headers=bearer("wrong"))
    assert refused.headers["www-authenticate"].startswith("Bearer")
    assert key.id not in refused.text


def test_what_a_browser_opens_needs_no_key_unless_pages_are_private(opened: Open, keys: KeyFile) -> None:
    _, token = keys.create("mine")
    client = opened(require_keys=True)
    for path in ("/healthz", "/readyz", "/openapi.json", "/problems/not_found", "/", "/documents/knee"):
        assert client.get(path).status_code == 200, path
    for path in ("/v1/index", "/v1/documents", "/v1/documents/knee", "/nowhere", "/problemsx", "/healthz/x"):
        assert outcome(client.get(path)) == (401, "key_missing"), path
    private = opened(require_keys=True, private_pages=True)
    assert outcome(private.get("/documents/knee")) == (401, "key_missing")
    assert private.get("/documents/knee", headers=bearer(token)).status_code == 200
    assert private.get("/healthz").status_code == 200


def test_administration_needs_its_scope(opened: Open, keys: KeyFile) -> None:
    _, asking = keys.create("ask")
    _, running = keys.create("run", scopes=["admin"])
    client = opened(require_keys=True)
    for method, path in (("GET", "/metrics"), ("DELETE", "/v1/questions")):
        assert outcome(client.request(method, path, headers=bearer(asking))) == (403, "scope_missing")
        assert client.request(method, path, headers=bearer(running)).status_code == 200
    assert outcome(client.post("/v1/ask", json=QUESTION, headers=bearer(running))) == (403, "scope_missing")
    # Whoever opens a service to everyone does not hand over its administration.
    insecure = opened(host="0.0.0.0", insecure=True)
    assert outcome(insecure.post("/v1/ask", json=QUESTION)) == (200, "")
    assert outcome(insecure.get("/metrics")) == (401, "key_missing")
    assert insecure.get("/metrics", headers=bearer(running)).status_code == 200


def test_a_site_key_is_good_only_for_its_origin(opened: Open, keys: KeyFile) -> None:
    _, token = keys.create("site", origins=[SITE])
    keys.create("another", origins=["https://other.example"])
    client = opened(require_keys=True)

    def ask(**headers: str) -> tuple[int, str]:
        return outcome(client.post("/v1/ask", json=QUESTION, headers=bearer(token, **headers)))

    assert ask(Origin=SITE) == (200, "")
    for wrong in (OTHER, "https://other.example", "http://www.hospital.example", SITE + ":8443", "null", "x", ""):
        assert ask(Origin=wrong) == (403, "origin_not_allowed"), wrong
    assert ask() == (403, "origin_not_allowed")
    assert ask(**{"Sec-Fetch-Site": "same-origin"}) == (403, "origin_not_allowed")


def test_a_page_of_the_service_itself_may_use_its_site_key_with_get(opened: Open, keys: KeyFile) -> None:
    _, token = keys.create("own", origins=["http://localhost"])
    client = opened(require_keys=True)
    headers = bearer(token, **{"Sec-Fetch-Site": "same-origin"})
    assert client.get("/v1/index", headers=headers).status_code == 200
    assert outcome(client.get("/v1/index", headers=bearer(token, **{"Sec-Fetch-Site": "cross-site"})))[0] == 403


def test_a_browser_on_another_origin_may_call_with_its_site_key(opened: Open, keys: KeyFile) -> None:
    keys.create("site", origins=[SITE])
    client = opened(require_keys=True)
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,content-type"}
    allowed = client.request("OPTIONS", "/v1/ask", headers={"Origin": SITE, **asked})
    assert allowed.status_code == 200
    assert allowed.headers["access-control-allow-origin"] == SITE
    assert "authorization" in allowed.headers["access-control-allow-headers"].lower()
    assert "access-control-allow-credentials" not in allowed.headers
    refused = client.request("OPTIONS", "/v1/ask", headers={"Origin": OTHER, **asked})
    assert outcome(refused) == (403, "origin_not_allowed")
    assert "access-control-allow-origin" not in refused.headers
    # A refusal can be read by the page, so that the widget can say what is wrong.
    missing = client.post("/v1/ask", json=QUESTION, headers={"Origin": SITE})
    assert outcome(missing) == (401, "key_missing")
    assert missing.headers["access-control-allow-origin"] == SITE
    assert "Retry-After" in missing.headers["access-control-expose-headers"]
    assert "Origin" in missing.headers["vary"]


def test_pages_of_other_origins_are_refused_without_keys_too(opened: Open) -> None:
    client = opened(origins=("https://friend.example",))
    for origin, status in (("https://friend.example", 200), ("http://localhost", 200), (OTHER, 403), ("null", 403)):
        assert client.post("/v1/ask", json=QUESTION, headers={"Origin": origin}).status_code == status, origin


@pytest.mark.parametrize(
    "host", ["localhost", "127.0.0.1:8000", "[::1]:8000", "192.0.2.7", "LOCALHOST", "qa.example:80"]
)
def test_the_names_of_the_service_pass(opened: Open, host: str) -> None:
    assert opened(hosts=("qa.example",)).get("/healthz", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "qa.example.evil", "", "a.b.wild.evil", "*"]
)
def test_any_other_name_is_refused(opened: Open, host: str) -> None:
    response = opened(hosts=("qa.example", "*.wild.example")).get("/healthz", headers={"Host": host})
    assert outcome(response) == (421, "host_not_allowed")
    assert response.headers["x-request-id"]


def test_every_response_guards_browsers(opened: Open, keys: KeyFile) -> None:
    client = opened(require_keys=True)
    for path in ("/healthz", "/", "/documents/knee", "/v1/ask", "/nowhere", "/problems/not_found"):
        headers = client.get(path).headers
        policy = headers["content-security-policy"]
        assert policy.startswith("default-src 'none'"), path
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert headers["x-frame-options"] == "DENY"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cache-control"] in {"no-store", "no-cache"}
        assert "server" not in headers
        assert "strict-transport-security" not in headers


def test_a_site_may_frame_what_names_it_and_nobody_else(opened: Open, keys: KeyFile) -> None:
    key, token = keys.create("site", origins=[SITE, "https://b.example"])
    client = opened(require_keys=True)
    for name in (key.id, token):
        headers = client.get("/documents/knee", params={"site": name}).headers
        assert headers["content-security-policy"].endswith(f"; frame-ancestors https://b.example {SITE}")
        assert "x-frame-options" not in headers
    for name in ("", "00000000", OTHER, "*"):
        headers = client.get("/documents/knee", params={"site": name}).headers
        assert headers["content-security-policy"].endswith("; frame-ancestors 'none'")


def test_the_framing_rule_of_a_policy_is_replaced_not_added() -> None:
    policy = "default-src 'none'; frame-ancestors 'none'; base-uri 'none';"
    assert (
        framed_by(policy, ["https://a.example"])
        == "default-src 'none'; base-uri 'none'; frame-ancestors https://a.example"
    )


@pytest.mark.parametrize(("host", "own"), [("127.0.0.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", False),
                                           ("::", False), ("192.168.1.5", False), ("qa.example", False)])  # fmt: skip
def test_what_only_this_machine_reaches(host: str, own: bool) -> None:
    assert is_loopback(host) is own
    assert anonymous_scopes(Settings(host=host)) == ({"ask", "admin"} if own else set())


def test_every_unknown_address_needs_the_scope_ask() -> None:
    assert needed_scope("/anything") == "ask"
    assert needed_scope("/metrics") == needed_scope("/v1/questions/x") == "admin"
    assert needed_scope("/documents/a/b") is None


def test_another_address_without_a_key_is_refused_before_it_is_bound(index: Path, settings: Settings) -> None:
    open_to_all = settings.with_values(host="0.0.0.0", port=0, state=index.parent / "state")
    with pytest.raises(
        ProcqaError, match=r"since other machines reach 0\.0\.0\.0.*`procqa keys create NAME`.*--insecure"
    ):
        run(open_to_all)
    with pytest.raises(ProcqaError, match="since --require-keys was given"):
        run(open_to_all.with_values(host="127.0.0.1", require_keys=True))
    with pytest.raises(ProcqaError, match="exclude each other"):
        run(open_to_all.with_values(insecure=True, require_keys=True))
    key, _ = KeyFile(open_to_all.state).create("gone")
    KeyFile(open_to_all.state).revoke(key.id)
    with pytest.raises(ProcqaError, match="there is none"):
        run(open_to_all)


def test_the_start_says_who_may_ask() -> None:
    assert "--require-keys" in who_may_ask(Settings())
    assert "needs a key" in who_may_ask(Settings(host="0.0.0.0"))
    assert "may ask without a key" in who_may_ask(Settings(host="0.0.0.0", insecure=True))
