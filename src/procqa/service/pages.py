"""The service's own HTML pages: from the templates beside this module, with every value escaped.

No page holds a script or a style of its own: they come from /widget, so that the policy allows nothing inline.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from procqa.service.headers import POLICY

_NOTHING = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'"
_READ_ONLY = f"{_NOTHING}; form-action 'none'"
_INTERACTIVE = f"{_NOTHING}; form-action 'self'; script-src 'self'; connect-src 'self'"


def page(template: str, *, interactive: bool = False, **values: Any) -> HTMLResponse:
    """A page made of a template and its values; only an `interactive` one may run the service's own scripts."""
    headers = {POLICY: _INTERACTIVE if interactive else _READ_ONLY}
    return HTMLResponse(_environment().get_template(template).render(values), headers=headers)


def html_page(title: str, body: str) -> HTMLResponse:
    """A whole page around `body`, which is HTML already; `title` is plain text."""
    return page("plain.html.jinja", title=title, body=Markup(body))  # noqa: S704 - its callers escape what they put in


@lru_cache(maxsize=1)
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("procqa.service"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
