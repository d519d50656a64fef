"""The service's own HTML pages: plain, without scripts, and with every value escaped."""

from __future__ import annotations

import base64
import hashlib
import json
from html import escape

from fastapi.responses import HTMLResponse

_STYLE = """
body { font: 1.05rem/1.6 system-ui, sans-serif; max-width: 44rem; margin: 2rem auto; padding: 0 1rem; }
h1 { line-height: 1.25; }
h2 { font-size: 1.2rem; margin: 2rem 0 .5rem; }
pre { overflow-x: auto; padding: .75rem; border: 1px solid; border-radius: .25rem; }
.text { white-space: pre-wrap; overflow-wrap: anywhere; }
.notice { padding: .75rem; border: 1px solid; border-radius: .25rem; }
mark { background: #ffe58a; color: #1a1a1a; scroll-margin-top: 30vh; }
"""
_EXAMPLE = "How long does the operation take?"


def html_page(title: str, body: str) -> HTMLResponse:
    """A whole page around `body`, which is HTML already; `title` is plain text.

    The headers let it load and run nothing but its own style sheet.
    """
    content = (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        f"<main>\n<h1>{escape(title)}</h1>\n{body}\n</main>\n</body>\n</html>\n"
    )
    style = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'sha256-{style}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    headers = {
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
    }
    return HTMLResponse(content, headers=headers)


def home_page(base_url: str) -> HTMLResponse:
    """What this is and how to ask; `base_url` is where the service was reached, without a slash at the end."""
    command = (
        f"curl -s {base_url}/v1/ask \\\n"
        "  -H 'Content-Type: application/json' \\\n"
        f"  -d '{json.dumps({'question': _EXAMPLE})}'"
    )
    body = (
        "<p>This service answers questions about medical procedures in the words of its own pages, each with its "
        "source, or says that the answer is not in these pages. It gives no medical advice.</p>\n"
        f"<h2>Ask</h2>\n<pre>{escape(command)}</pre>\n"
        '<h2>See also</h2>\n<ul>\n<li><a href="/v1/documents">The pages</a></li>\n'
        '<li><a href="/v1/index">The index</a></li>\n'
        '<li><a href="/openapi.json">The interface, as OpenAPI</a></li>\n</ul>'
    )
    return html_page("procqa", body)
