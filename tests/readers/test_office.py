import io
import sys
import zipfile
from collections.abc import Callable

import pytest

from procqa.readers import Page

TYPES = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Override PartName="/word/document.xml" ContentType='
    '"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>'
)
RELATIONS = (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type='
    '"http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/>'
    "</Relationships>"
)
WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


def _docx(*paragraphs: str) -> bytes:
    body = "".join(f"<w:p><w:r><w:t>{words}</w:t></w:r></w:p>" for words in paragraphs)
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("[Content_Types].xml", TYPES)
        archive.writestr("_rels/.rels", RELATIONS)
        archive.writestr("word/document.xml", f'<w:document xmlns:w="{WORD}"><w:body>{body}</w:body></w:document>')
    return data.getvalue()


def _pdf(*lines: str) -> bytes:
    """The smallest PDF that shows the lines, written by hand so that no PDF writer is needed."""
    shown = "".join(f"({line}) Tj 0 -20 Td " for line in lines)
    stream = f"BT /F1 12 Tf 50 700 Td {shown}ET"
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents 4 0 R "
        "/Resources << /Font << /F1 5 0 R >> >> >>",
        f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    out, places = "%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(out))
        out += f"{number} 0 obj\n{content}\nendobj\n"
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    size = len(objects) + 1
    trailer = f"trailer << /Size {size} /Root 1 0 R >>\nstartxref\n{len(out)}\n%%EOF"
    return (f"{out}xref\n0 {size}\n0000000000 65535 f \n{table}{trailer}").encode("latin-1")


@pytest.fixture
def office() -> None:
    pytest.importorskip("markitdown", reason='needs pip install "procqa[office]"')


@pytest.mark.usefixtures("office")
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize(("name", "make"), [("tap.docx", _docx), ("tap.pdf", _pdf)])
def test_an_office_page(
    page: Callable[..., Page], bodies: Callable[..., dict[str, str]], name: str, make: Callable[..., bytes]
) -> None:
    read = page(name, make("Knee tap", "Summary", "Fluid is drawn.", "Recovery", "Rest for a day."))
    assert read.document.title == "Knee tap"
    assert bodies(read) == {"Summary": "Fluid is drawn.", "Recovery": "Rest for a day."}


@pytest.mark.usefixtures("office")
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("name", ["a.docx", "a.pdf"])
@pytest.mark.parametrize("content", [b"", b"words", b"PK\x03\x04" + b"\x00" * 50, b"%PDF-1.4\n%%EOF"])
def test_a_damaged_file_is_set_aside(reason: Callable[..., str], name: str, content: bytes) -> None:
    assert reason(name, content)


def test_without_the_extra_the_reason_says_how_to_get_it(
    reason: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "markitdown", None)
    assert 'pip install "procqa[office]"' in reason("a.pdf", b"%PDF-1.4")
