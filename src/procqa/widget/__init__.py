"""The chat widget: one script, put together from the parts in this folder, that a site loads with a script tag."""

from __future__ import annotations

import json
from functools import lru_cache
from importlib import resources

# In the order in which they build on each other; together they are one scope.
PARTS = ("elements", "words", "service", "text", "memory", "source", "answer", "feedback", "conversation", "shell")


@lru_cache(maxsize=1)
def widget_script() -> str:
    """The whole of /widget.js: the style and the words as constants, then the parts, in a scope of their own."""
    style = _compact(_part("style.css"))
    strings = json.dumps(json.loads(_part("strings.json")), ensure_ascii=False, separators=(",", ":"))
    head = (
        "(() => {\n"
        '"use strict";\n'
        "const SCRIPT = document.currentScript;\n"
        f"const STYLE = {json.dumps(style, ensure_ascii=False)};\n"
        f"const STRINGS = {strings};\n"
    )
    return head + "".join(_bare(_part(f"{name}.js")) for name in PARTS) + "})();\n"


def _part(name: str) -> str:
    return resources.files(__name__).joinpath(name).read_text(encoding="utf-8")


def _bare(code: str) -> str:
    """The code without indents and lines of comment, which are for readers of the parts: a sixth of the download."""
    lines = (line.strip() for line in code.splitlines())
    return "".join(line + "\n" for line in lines if line and not line.startswith(("//", "/*", "* ", "*/")))


def _compact(style: str) -> str:
    """The style without indents and empty lines, which a constant on one line would carry as escapes."""
    return "".join(line.strip() + " " for line in style.splitlines() if line.strip())
