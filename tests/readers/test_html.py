from collections.abc import Callable

from procqa.readers import Page

PAGE = """<!doctype html><html><head><title>Knee tap - Example Hospital</title><style>p{}</style></head><body>
<nav><a href="/">Home</a><p>Risks</p></nav>
<header><h1>Knee tap</h1></header>
<main>
<p>Fluid is drawn&nbsp;from the knee &ndash; with a
   needle.</p>
<h2>How you prepare</h2>
<ul><li>First</li><li>Second<ol><li>inner <b>one</b></li></ol></li></ul>
<script>alert(1)</script><p hidden>secret</p><p style="display: none">secret</p><div aria-hidden="true">secret</div>
<p><strong>Recovery:</strong></p><p>Rest.<br>Then walk.</p>
<h2>Risks</h2><h3>Infection</h3><table><tr><th>Who</th><th>How often</th></tr>
<tr><td><p>adults</p></td><td>rare</td></tr></table>
<form><p>Search</p></form>
<p>© Example Hospital</p>
</main><footer><p>Contact</p></footer></body></html>"""


def test_a_page_becomes_plain_text(page: Callable[..., Page], bodies: Callable[..., dict[str, str]]) -> None:
    read = page("knee.html", PAGE)
    assert read.document.title == "Knee tap"
    assert bodies(read) == {
        "Introduction": "Fluid is drawn from the knee – with a needle.",
        "Preparation": "- First\n- Second\n  1. inner one",
        "Recovery": "Rest.\nThen walk.",
        "Risks and Complications": "Infection\n\nWho | How often\nadults | rare",
    }
    (removal,) = read.removals
    assert (removal.rule, PAGE.split("\n")[removal.line - 1]) == ("copyright", "<p>© Example Hospital</p>")


def test_the_declared_charset_is_honoured(page: Callable[..., Page]) -> None:
    markup = '<meta charset="iso-8859-1"><title>T</title><h2>Summary</h2><p>caf\xe9 \x93so\x94</p>'
    assert "café “so”" in page("a.htm", markup.encode("latin-1")).document.text


def test_an_unknown_charset_is_read_as_utf8(page: Callable[..., Page]) -> None:
    assert "café" in page("a.html", '<meta charset="nonsense"><h2>Summary</h2><p>café</p>').document.text


def test_markdown_and_html_of_one_page_give_one_text(page: Callable[..., Page]) -> None:
    markup = "<h1>Tap</h1><h2>Summary</h2><p>Some <em>words</em>.</p><ol start=3><li>a</li><li>b</li></ol>"
    markdown = "# Tap\n\n## Summary\n\nSome *words*.\n\n3. a\n4. b\n"
    assert page("a.html", markup).document.text == page("a.md", markdown).document.text


def test_dt_and_whole_bold_lines_are_headings_only_when_they_name_a_section(page: Callable[..., Page]) -> None:
    read = page(
        "a.html", "<h1>T</h1><dl><dt>Duration</dt><dd>An hour.</dd><dt>Foo</dt><dd>Bar.</dd></dl><p><b>Note</b></p>"
    )
    (section,) = read.document.sections
    assert section.name == "Duration"
    assert read.document.text[section.start : section.end] == "An hour.\n\nFoo\n\nBar.\n\nNote"


def test_nesting_without_end_is_set_aside(reason: Callable[..., str]) -> None:
    assert "nests them deeper" in reason("a.html", "<div>" * 3000 + "x")


def test_a_page_of_nothing_but_menus_is_set_aside(reason: Callable[..., str]) -> None:
    assert "no text is left" in reason("a.html", "<nav>Home</nav><script>x</script>")
