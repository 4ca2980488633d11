"""Links within the project's documents lead somewhere."""

import os
import re
from pathlib import Path

import pytest

from tests.support.layout import REPOSITORY

_HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
_LINK = re.compile(r"\]\((?!https?:|mailto:)([^)#\s]*)(?:#([^)\s]+))?\)")
_FOLDERS = ("deploy", "docs", "examples", "godot_addon", "protocol_spec", "tests")
_FOUND = [*REPOSITORY.glob("*.md")] + [p for f in _FOLDERS for p in (REPOSITORY / f).rglob("*.md")]
DOCUMENTS = sorted(str(path.relative_to(REPOSITORY)) for path in _FOUND)


def anchors(document: Path) -> set[str]:
    """Return the anchors that headings of a document have on GitHub."""
    headings = _HEADING.findall(document.read_text("utf-8"))
    return {re.sub(r"[^\w -]", "", text).strip().lower().replace(" ", "-") for text in headings}


def leads_nowhere(document: Path, path: str, anchor: str) -> bool:
    target = Path(os.path.normpath(document.parent / path)) if path else document
    if not target.exists():
        return True
    return bool(anchor) and target.suffix == ".md" and anchor not in anchors(target)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_lead_to_a_file_and_a_heading(name: str) -> None:
    document = REPOSITORY / name
    links = _LINK.findall(document.read_text("utf-8"))

    assert [link for link in links if leads_nowhere(document, *link)] == []
