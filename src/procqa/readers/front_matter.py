"""The YAML between `---` lines at the top of a Markdown page -> metadata that JSON can hold."""

from __future__ import annotations

import math
from datetime import date
from typing import Any

import yaml

from procqa.errors import ReadError

_FENCE = "---"
# A page's facts about itself take a few lines; more is a mistake, or an attack on the parser.
_MAX_CHARACTERS = 65_536
_MAX_DEPTH = 20


def split_front_matter(text: str) -> tuple[dict[str, Any], str, int]:
    """Metadata, the rest of the page, and how many lines were taken; a ReadError when the YAML is broken."""
    head, newline, rest = text.partition("\n")
    if head.rstrip() != _FENCE or not newline:
        return {}, text, 0
    lines = rest.split("\n")
    end = next((index for index, line in enumerate(lines) if line.rstrip() in (_FENCE, "...")), None)
    if end is None:
        # A rule at the top of a page without front matter looks the same; only what reads as a field tells them apart.
        if ":" in lines[0]:
            raise ReadError("its front matter has no closing '---' line")
        return {}, text, 0
    block = "\n".join(lines[:end])
    return _fields(block), "\n".join(lines[end + 1 :]), end + 2


def _fields(block: str) -> dict[str, Any]:
    if len(block) > _MAX_CHARACTERS:
        raise ReadError(f"its front matter has more than {_MAX_CHARACTERS:,} characters")
    try:
        _refuse_bombs(block)
        value = yaml.safe_load(block)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        where = getattr(getattr(error, "problem_mark", None), "line", None)
        line = f" in line {where + 2}" if where is not None else ""
        problem = getattr(error, "problem", None) or str(error).split("\n", 1)[0]
        raise ReadError(f"its front matter is not YAML{line}: {problem}") from error
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ReadError("its front matter is not a list of 'name: value' fields")
    return {str(key): plain_value(item) for key, item in value.items()}


def _refuse_bombs(block: str) -> None:
    """Refuse references, which can unfold without end, and deep nesting; reading the events builds neither."""
    depth = 0
    for event in yaml.parse(block, Loader=yaml.SafeLoader):
        if isinstance(event, yaml.AliasEvent):
            raise yaml.YAMLError("references (*name) are not allowed")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > _MAX_DEPTH:
            raise yaml.YAMLError(f"nested deeper than {_MAX_DEPTH} levels")


def plain_value(value: object, depth: int = 0) -> Any:
    """The same value in what JSON has: dates as ISO strings, keys as strings, sets as lists, no NaN."""
    if depth > _MAX_DEPTH:
        raise ReadError(f"its metadata is nested deeper than {_MAX_DEPTH} levels")
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, str):
        return value.encode("utf-8", "ignore").decode("utf-8")
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, dict):
        return {str(plain_value(str(key))): plain_value(item, depth + 1) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain_value(item, depth + 1) for item in value]
    return str(value)
