"""Fixtures that several end-to-end tests share."""

import os
from collections.abc import Iterator

import pytest

from tests.support.chromium import Chromium, find_chromium


@pytest.fixture(scope="module")
def browser() -> Iterator[Chromium]:
    """A headless Chromium; without one the test is skipped, and fails under CI."""
    program = find_chromium()
    if program is None:
        reason = "there is no Chromium: apt-get install chromium"
        if os.environ.get("CI") == "true":
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
    with Chromium(program) as running:
        yield running
