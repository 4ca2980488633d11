"""Fixtures that several end-to-end tests share."""

import os
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.support.chromium import Chromium, find_chromium
from tests.support.godot_member import GodotMember, Start


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


@pytest.fixture
def start() -> Iterator[Start]:
    """Give a function that starts so many Godot processes side by side."""
    with ExitStack() as stack:

        def start_members(count: int) -> list[GodotMember]:
            members = [GodotMember() for _ in range(count)]
            return [stack.enter_context(member) for member in members]

        yield start_members
