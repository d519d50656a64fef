"""Keys: made once, kept as hashes, good until they expire or are revoked."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from procqa.errors import ProcqaError
from procqa.service import keys as module
from procqa.service.keys import KeyFile, KeyRing, checked_origin, hashed


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> KeyFile:
    monkeypatch.setattr(module, "_FRESH", 0.0)
    return KeyFile(tmp_path / "state")


def test_a_key_is_kept_as_its_hash_in_a_file_of_its_owner_alone(file: KeyFile) -> None:
    key, token = file.create("mine")
    text = file.path.read_text(encoding="utf-8")
    assert token.startswith(f"procqa_sk_{key.id}_")
    assert token.removeprefix(f"procqa_sk_{key.id}_") not in text  # its secret may hold underscores too
    assert json.loads(text)["keys"][0]["sha256"] == hashed(token)
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.path.parent.stat().st_mode) == 0o700
    assert KeyFile(file.path.parent).read() == [key]


def test_only_the_whole_key_is_the_key(file: KeyFile) -> None:
    key, token = file.create("mine")
    ring = KeyRing(file)
    assert ring.find(token) == key
    other = token[:-1] + ("A" if token[-1] != "A" else "B")
    for wrong in (
        other,
        token + "A",
        "",
        "procqa_sk_00000000_" + "A" * 43,
        key.id,
        token.replace("_sk_", "_site_"),
        "é",
    ):
        assert ring.find(wrong) is None


def test_a_ring_notices_what_is_made_and_revoked(file: KeyFile) -> None:
    ring = KeyRing(file)
    assert ring.live() == []
    key, token = file.create("mine")
    assert ring.find(token) == key
    assert ring.live() == [key]
    assert file.revoke(key.id).state(datetime.now(UTC)) == "revoked"
    assert ring.live() == []
    found = ring.find(token)
    assert found is not None
    assert found.revoked


def test_a_key_expires(file: KeyFile) -> None:
    key, _ = file.create("mine", lifetime=timedelta(hours=1))
    now = datetime.now(UTC)
    assert key.state(now) == "live"
    assert key.state(now + timedelta(minutes=59)) == "live"
    assert key.state(now + timedelta(hours=1)) == "expired"


def test_site_keys_open_their_origins_as_long_as_they_live(file: KeyFile) -> None:
    ring = KeyRing(file)
    first, token = file.create("a", origins=["https://A.example", "https://a.example:443"])
    file.create("b", origins=["http://b.example:8080"])
    assert first.origins == ("https://a.example",)
    assert ring.origins() == {"https://a.example", "http://b.example:8080"}
    assert ring.origins(first.id) == ring.origins(token) == {"https://a.example"}
    assert ring.origins("none") == frozenset()
    file.revoke(first.id)
    assert ring.origins() == {"http://b.example:8080"}


def test_a_site_key_is_never_for_administration(file: KeyFile) -> None:
    with pytest.raises(ProcqaError, match="cannot have the scope admin"):
        file.create("a", scopes=["ask", "admin"], origins=["https://a.example"])
    assert file.read() == []


def test_a_damaged_file_opens_no_door(file: KeyFile) -> None:
    _, token = file.create("mine")
    ring = KeyRing(file)
    for damage in ("{", '{"keys": [{}]}', "[]", '{"keys": 3}'):
        file.path.write_text(damage, encoding="utf-8")
        with pytest.raises(ProcqaError, match="is damaged; restore it"):
            KeyRing(file)
        assert ring.find(token) is None
    file.path.unlink()
    assert ring.live() == []


def test_revoking_an_unknown_key_says_where_the_known_ones_are(file: KeyFile) -> None:
    with pytest.raises(ProcqaError, match="`procqa keys list`"):
        file.revoke("00000000")


@pytest.mark.parametrize(
    "text",
    ["", "www.a.example", "https://", "https://a.example/x", "ftp://a.example", "https://u@a.example", "null", "*"],
)
def test_what_no_browser_sends_is_no_origin(text: str) -> None:
    with pytest.raises(ProcqaError, match="is no origin; give scheme, host and port"):
        checked_origin(text)


def test_the_command_makes_lists_and_revokes(tmp_path: Path, exits: Callable[..., tuple[int, str, str]]) -> None:
    state = ("--state", tmp_path)
    code, out, said = exits("keys", "create", "ward 7", "--expires", "2d", "--rate", "5/minute", *state)
    assert (code, len(out.split())) == (0, 1)
    key = KeyFile(tmp_path).read()[0]
    assert KeyRing(KeyFile(tmp_path)).find(out.strip()) == key
    assert key.id in said
    assert out.strip() not in said
    assert key.rate == "5/minute"
    assert datetime.fromisoformat(key.expires) - datetime.fromisoformat(key.created) == timedelta(days=2)
    code, listed, _ = exits("keys", "list", *state)
    assert "ward 7" in listed
    assert out.strip() not in listed
    assert exits("keys", "revoke", key.id, *state)[:2] == (0, f"Key {key.id} (ward 7) is revoked.\n")
    assert "revoked" in exits("keys", "list", *state)[1]


@pytest.mark.parametrize(
    ("option", "value", "told"),
    [
        ("--expires", "soon", "is no time"),
        ("--expires", "0d", "is no time"),
        ("--rate", "often", "is no rate"),
        ("--origin", "example", "is no origin"),
    ],
)
def test_a_wrong_option_makes_no_key(
    tmp_path: Path, exits: Callable[..., tuple[int, str, str]], option: str, value: str, told: str
) -> None:
    code, out, said = exits("keys", "create", "x", option, value, "--state", tmp_path)
    assert (code, out) == (2, "")
    assert told in said
    assert KeyFile(tmp_path).read() == []
