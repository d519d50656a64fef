"""HTML pages from the templates beside this module: one file each, with its styles inside and every value escaped."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from procqa.errors import ProcqaError
from procqa.evaluation.metrics import METRICS
from procqa.evaluation.wording import MEANINGS, shown


def write_page(path: Path, template: str, **values: Any) -> None:
    """Write a page made of a template and its values, at once. Raises ProcqaError when it cannot be written."""
    page = _environment().get_template(template).render(values)
    staged = path.with_name(f".{path.name}.new")
    try:
        staged.write_text(page, encoding="utf-8")
        staged.replace(path)
    except OSError as error:
        raise ProcqaError(f"{path} cannot be written ({error.strerror}); choose another place.") from None


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("procqa.evaluation"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(metrics=METRICS, meanings=MEANINGS, shown=shown)
    return environment
