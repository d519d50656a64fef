"""Pages written to a folder of the test's own, and read back through the public door."""

from collections.abc import Callable
from pathlib import Path

import pytest

from procqa.readers import Page, SetAside, read_file

Write = Callable[[str, str | bytes], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write_file(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
        return path

    return write_file


@pytest.fixture
def read(write: Write, tmp_path: Path) -> Callable[[str, str | bytes], Page | SetAside]:
    """Write one file and read the one thing in it."""

    def read_one(name: str, content: str | bytes) -> Page | SetAside:
        (item,) = read_file(write(name, content), tmp_path)
        return item

    return read_one


@pytest.fixture
def page(read: Callable[[str, str | bytes], Page | SetAside]) -> Callable[[str, str | bytes], Page]:
    def read_page(name: str, content: str | bytes) -> Page:
        item = read(name, content)
        assert isinstance(item, Page), item
        return item

    return read_page


@pytest.fixture
def reason(read: Callable[[str, str | bytes], Page | SetAside]) -> Callable[[str, str | bytes], str]:
    def read_reason(name: str, content: str | bytes) -> str:
        item = read(name, content)
        assert isinstance(item, SetAside), item
        assert item.path == name
        assert name in item.reason
        return item.reason

    return read_reason


@pytest.fixture
def bodies() -> Callable[[Page], dict[str, str]]:
    """Section name -> body, after the laws that hold for every page were checked."""

    def by_name(page: Page) -> dict[str, str]:
        text = page.document.text
        return {section.name: text[section.start : section.end] for section in page.document.sections}

    return by_name
