"""One frozen `Settings`, made from the environment (PROCQA_*) and overridden by arguments."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Self

from procqa.errors import ProcqaError

LOG_FORMATS = ("text", "json")
LOG_LEVELS = ("debug", "info", "warning", "error")


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that can be set. Sizes of passages are in tiktoken (cl100k) tokens."""

    corpus: Path = Path("corpus")
    index: Path = Path("index")
    aliases: str = ""  # a file of other names of procedures; empty means aliases.txt in the corpus, if there is one
    model: str = ""  # a path or name that sentence-transformers loads; empty means the shipped one
    passage_tokens: int = 180
    threads: int = 0  # that read one text; 0 means one, and as many texts at a time as there are cores
    workers: int = 1  # processes that answer behind one port; 0 means one a core, up to a few
    fast: bool = False  # answer without reading the best passage together with the question
    keep: int = 3  # snapshots that a build leaves in the index, the new one among them
    host: str = "127.0.0.1"
    port: int = 8000
    state: Path = Path("state")  # what a service writes: keys, and whatever it is told to keep

    # Who may ask: see procqa.service.access.
    insecure: bool = False  # other machines may ask without a key
    require_keys: bool = False  # this machine needs one too, for instance behind a proxy
    private_pages: bool = False  # pages to read need a key as well
    hosts: tuple[str, ...] = ()  # names that the service is reached by; "*" means any
    origins: tuple[str, ...] = ()  # web origins that may call it, beside those of site keys
    proxies: tuple[str, ...] = ()  # addresses of proxies whose X-Forwarded-For is believed

    # How much: see procqa.service.rates, procqa.service.work and procqa.service.remembered.
    rate_key: str = "1200/minute"  # of one key; "" means no limit
    rate_address: str = "120/minute"  # of one address without a secret key; "" means no limit
    queue: int = 32  # questions that wait for a thread of a process; more are refused
    queue_seconds: float = 0.5  # the longest that one waits
    remembered: int = (
        512  # replies that each process keeps in memory, to be given again when the same is asked; 0 for none
    )
    request_seconds: float = 10.0  # the longest that a request takes, its body included

    # What is told and kept: see procqa.service.logs, tracing and kept.
    log_format: str = "text"  # or "json"
    log_level: str = "info"
    traces: bool = False  # OpenTelemetry, set up by its own OTEL_* variables
    keep_questions_days: int = 0  # 0 keeps no question at all

    def __post_init__(self) -> None:
        if not 32 <= self.passage_tokens <= 8192:
            raise ProcqaError(f"passage_tokens must be from 32 to 8192, not {self.passage_tokens}.")
        if not 0 <= self.threads <= 256:
            raise ProcqaError(f"threads must be from 0 (as procqa chooses) to 256, not {self.threads}.")
        if not 0 <= self.workers <= 64:
            raise ProcqaError(f"workers must be from 0 (as procqa chooses) to 64, not {self.workers}.")
        if self.keep < 1:
            raise ProcqaError(f"keep must be 1 or more, since the current snapshot always stays; it is {self.keep}.")
        if not 0 <= self.port <= 65535:
            raise ProcqaError(f"port must be from 0 to 65535, not {self.port}.")
        if not 1 <= self.queue <= 10_000:
            raise ProcqaError(f"queue must be from 1 to 10000, not {self.queue}.")
        if not 0 < self.queue_seconds <= 60:
            raise ProcqaError(f"queue_seconds must be from 0 to 60, not {self.queue_seconds}.")
        if not 0 <= self.remembered <= 100_000:
            raise ProcqaError(f"remembered must be from 0 (none) to 100000, not {self.remembered}.")
        if not 0 < self.request_seconds <= 600:
            raise ProcqaError(f"request_seconds must be from 0 to 600, not {self.request_seconds}.")
        if not 0 <= self.keep_questions_days <= 3650:
            raise ProcqaError(f"keep_questions_days must be from 0 (none) to 3650, not {self.keep_questions_days}.")
        if self.log_format not in LOG_FORMATS:
            raise ProcqaError(f"log_format must be one of {', '.join(LOG_FORMATS)}, not {self.log_format!r}.")
        if self.log_level not in LOG_LEVELS:
            raise ProcqaError(f"log_level must be one of {', '.join(LOG_LEVELS)}, not {self.log_level!r}.")

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Read PROCQA_<FIELD> variables; unknown ones are an error, so that a typo does not pass unnoticed."""
        kinds: dict[str, Any] = {field.name: type(field.default) for field in fields(cls)}
        values: dict[str, Any] = {}
        for variable, text in environment.items():
            if not variable.startswith("PROCQA_"):
                continue
            name = variable.removeprefix("PROCQA_").lower()
            if name not in kinds:
                known = ", ".join(f"PROCQA_{kind.upper()}" for kind in kinds)
                raise ProcqaError(f"{variable} is not a setting; the settings are {known}.")
            try:
                values[name] = _READ.get(kinds[name], kinds[name])(text)
            except ValueError:
                raise ProcqaError(f"{variable} must be {_NAMES[kinds[name]]}, not {text!r}.") from None
        return cls(**values)

    def with_values(self, **values: Any) -> Self:
        """A copy with the given fields replaced; None means not given."""
        return replace(self, **{name: value for name, value in values.items() if value is not None})


def _truth(text: str) -> bool:
    """1 or 0, in the words that environments use for them."""
    word = text.strip().lower()
    if word in {"1", "true", "yes", "on"}:
        return True
    if word in {"0", "false", "no", "off"}:
        return False
    raise ValueError(text)


def _words(text: str) -> tuple[str, ...]:
    """The parts between commas."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


_READ: Mapping[type, Callable[[str], Any]] = {bool: _truth, tuple: _words}
_NAMES: Mapping[type, str] = {int: "a whole number", float: "a number", bool: "1 or 0"}
