"""The tests that documents name as proof exist."""

import re

from tests.support.layout import REPOSITORY

_NAME = re.compile(r"`(?:[\w/.]+: )?(test_[a-z0-9_]+)`")
_FILE = re.compile(r"`(tests/[\w/.]+)`")


def test_every_test_that_a_document_names_exists() -> None:
    pages = "".join(page.read_text() for page in (REPOSITORY / "docs").glob("*.md"))
    files = list((REPOSITORY / "tests").rglob("test_*.py"))
    tests = "".join(file.read_text() for file in files)
    known = set(re.findall(r"def (test_\w+)", tests)) | {file.stem for file in files}
    named = set(_NAME.findall(pages))
    assert len(named) > 20
    assert named - known == set()
    assert [path for path in _FILE.findall(pages) if not (REPOSITORY / path).exists()] == []
