"""One frozen `Settings`, made from the environment (PROCQA_*) and overridden by arguments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Self

from procqa.errors import ProcqaError


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that can be set. Sizes of passages are in tiktoken (cl100k) tokens."""

    corpus: Path = Path("corpus")
    index: Path = Path("index")
    model: str = ""  # a path or name that sentence-transformers loads; empty means the packaged MiniLM
    passage_tokens: int = 180
    threads: int = 0  # of the encoder; 0 means one for each core
    keep: int = 3  # snapshots that a build leaves in the index, the new one among them
    host: str = "127.0.0.1"
    port: int = 8000

    def __post_init__(self) -> None:
        if not 32 <= self.passage_tokens <= 8192:
            raise ProcqaError(f"passage_tokens must be from 32 to 8192, not {self.passage_tokens}.")
        if not 0 <= self.threads <= 256:
            raise ProcqaError(f"threads must be from 0 (one for each core) to 256, not {self.threads}.")
        if self.keep < 1:
            raise ProcqaError(f"keep must be 1 or more, since the current snapshot always stays; it is {self.keep}.")
        if not 0 <= self.port <= 65535:
            raise ProcqaError(f"port must be from 0 to 65535, not {self.port}.")

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
                values[name] = kinds[name](text)
            except ValueError:
                raise ProcqaError(f"{variable} must be a whole number, not {text!r}.") from None
        return cls(**values)

    def with_values(self, **values: Any) -> Self:
        """A copy with the given fields replaced; None means not given."""
        return replace(self, **{name: value for name, value in values.items() if value is not None})
