"""API keys: made here, kept as hashes in one small file, and read again when it changes.

A secret key is a server's own; a site key is published in the pages of a web site and good only for calls from there.
Both hold 256 random bits, so that one SHA-256 is enough to keep them by: there is nothing to guess from.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import os
import re
import secrets
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from filelock import FileLock

from procqa.errors import ProcqaError

ASK, ADMIN = "ask", "admin"
SCOPES = (ASK, ADMIN)
FILE = "keys.json"
_TOKEN = re.compile(r"procqa_(?:sk|site)_([0-9a-f]{8})_[A-Za-z0-9_-]{43}")
_NO_HASH = "0" * 64
# How often, in seconds, a running service looks whether keys were made or revoked.
_FRESH = 1.0
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Key:
    """What is kept of a key; `origins` are those of a site key, a secret key has none. Times are ISO 8601, UTC."""

    id: str
    name: str
    sha256: str
    scopes: tuple[str, ...]
    origins: tuple[str, ...]
    created: str
    expires: str = ""
    revoked: str = ""
    rate: str = ""

    def state(self, now: datetime) -> str:
        """`live`, `expired` or `revoked`."""
        if self.revoked:
            return "revoked"
        return "expired" if self.expires and datetime.fromisoformat(self.expires) <= now else "live"


class KeyFile:
    """The file of keys, for the commands that make, list and revoke them."""

    def __init__(self, state: Path) -> None:
        """`state` is the folder of what a service writes."""
        self.path = state / FILE

    def read(self) -> list[Key]:
        """All keys, the oldest first; none when there is no file. Raises ProcqaError for a damaged one."""
        try:
            rows = json.loads(self.path.read_text(encoding="utf-8"))["keys"]
            return [Key(**{**row, "scopes": tuple(row["scopes"]), "origins": tuple(row["origins"])}) for row in rows]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise ProcqaError(f"{self.path} cannot be read ({error.strerror}); give this user the right to.") from error
        except (ValueError, KeyError, TypeError) as error:
            raise ProcqaError(f"{self.path} is damaged; restore it, or remove it and make new keys.") from error

    def create(
        self,
        name: str,
        *,
        scopes: Iterable[str] = (ASK,),
        origins: Iterable[str] = (),
        lifetime: timedelta | None = None,
        rate: str = "",
    ) -> tuple[Key, str]:
        """Make a key: what is kept, and the key itself, which is shown this once and kept nowhere."""
        now = datetime.now(UTC)
        bound = tuple(dict.fromkeys(checked_origin(origin) for origin in origins))
        if bound and ADMIN in scopes:
            raise ProcqaError("A site key is public, so that it cannot have the scope admin; leave one of the two out.")
        identity = secrets.token_hex(4)
        token = f"procqa_{'site' if bound else 'sk'}_{identity}_{secrets.token_urlsafe(32)}"
        expires = (now + lifetime).isoformat(timespec="seconds") if lifetime else ""
        created = now.isoformat(timespec="seconds")
        key = Key(identity, name, hashed(token), tuple(scopes), bound, created, expires, rate=rate)
        with self._locked():
            self._write([*self.read(), key])
        return key, token

    def revoke(self, identity: str) -> Key:
        """Make a key useless from now on; it stays in the list. Raises ProcqaError for an unknown one."""
        with self._locked():
            keys = self.read()
            found = next((key for key in keys if key.id == identity), None)
            if found is None:
                raise ProcqaError(f"There is no key {identity}; `procqa keys list` names them all.")
            now = datetime.now(UTC).isoformat(timespec="seconds")
            revoked = replace(found, revoked=found.revoked or now)
            self._write([revoked if key is found else key for key in keys])
        return revoked

    def _locked(self) -> FileLock:
        """For as long as the file is read and written again, so that two commands lose neither's key."""
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            return FileLock(self.path.with_suffix(".lock"), timeout=10)
        except OSError as error:
            raise ProcqaError(
                f"{self.path.parent} cannot be made ({error.strerror}); choose another --state."
            ) from error

    def _write(self, keys: list[Key]) -> None:
        """Replace the file in one step, readable by its owner alone."""
        new = self.path.with_suffix(".new")
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            json.dump({"keys": [asdict(key) for key in keys]}, file, ensure_ascii=False, indent=1)
            file.flush()
            os.fsync(file.fileno())
        new.replace(self.path)


class KeyRing:
    """The live view of the keys that a running service has; a damaged file opens no door."""

    def __init__(self, file: KeyFile) -> None:
        self._file = file
        self._keys = {key.id: key for key in file.read()}
        self._stamp = self._stat()
        self._looked = time.monotonic()

    def find(self, token: str) -> Key | None:
        """The key that a token is, whatever its state; None for another's. Takes as long for any token."""
        named = _TOKEN.fullmatch(token)
        key = self._fresh().get(named[1]) if named else None
        same = hmac.compare_digest(hashed(token), key.sha256 if key else _NO_HASH)
        return key if same else None

    def live(self) -> list[Key]:
        """The keys that are good now."""
        now = datetime.now(UTC)
        return [key for key in self._fresh().values() if key.state(now) == "live"]

    def origins(self, identity: str | None = None) -> frozenset[str]:
        """The origins of all live site keys, or of one by its id (or by the whole key, which holds its id)."""
        named = _TOKEN.fullmatch(identity or "")
        wanted = named[1] if named else identity
        return frozenset(origin for key in self.live() if wanted in {None, key.id} for origin in key.origins)

    def _fresh(self) -> dict[str, Key]:
        if time.monotonic() - self._looked >= _FRESH:
            self._looked = time.monotonic()
            if (stamp := self._stat()) != self._stamp:
                self._stamp = stamp
                try:
                    self._keys = {key.id: key for key in self._file.read()}
                except ProcqaError as error:
                    logger.error("No key is good any more: %s", error)
                    self._keys = {}
        return self._keys

    def _stat(self) -> tuple[int, int, int] | None:
        try:
            found = self._file.path.stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size


def hashed(token: str) -> str:
    """What is kept of a key in place of it."""
    return hashlib.sha256(token.encode()).hexdigest()


def checked_origin(text: str) -> str:
    """An origin as browsers send it: `https://www.example.org`, or with a port. Raises ProcqaError for another form."""
    parts = urlsplit(text.strip().lower())
    try:
        origin = f"{parts.scheme}://{parts.netloc}"
        plain = parts.hostname and parts.port != 0 and not parts.username
    except ValueError:
        plain = False
    if parts.scheme not in {"http", "https"} or not plain or origin != text.strip().lower().rstrip("/"):
        raise ProcqaError(f"{text!r} is no origin; give scheme, host and port alone, as in https://www.example.org.")
    default = {"http": ":80", "https": ":443"}[parts.scheme]
    return origin.removesuffix(default)
