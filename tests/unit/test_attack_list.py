"""Every attack that SECURITY.md lists is tried by a test that has its number."""

import re
from typing import Final

import pytest

from tests.support import layout

LISTED: Final = re.findall(
    r"^\| (\d\d) \| \S.* \|$", (layout.REPOSITORY / "SECURITY.md").read_text("utf-8"), re.MULTILINE
)
TESTED: Final = [
    number
    for path in layout.TESTS.rglob("test_*.py")
    for number in re.findall(
        r"^(?:async )?def test_attack_(\d+)_\w+\(", path.read_text("utf-8"), re.MULTILINE
    )
]


def test_list_counts_from_1_without_a_gap() -> None:
    assert [f"{number:02}" for number in range(1, 36)] == LISTED


@pytest.mark.parametrize("number", LISTED)
def test_listed_attack_is_tried(number: str) -> None:
    assert number in TESTED


def test_no_test_has_the_number_of_an_attack_that_is_not_listed() -> None:
    assert set(TESTED) <= set(LISTED)
