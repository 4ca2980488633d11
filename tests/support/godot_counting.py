"""Godot games that count to each other reliably; godot_addon/tests/e2e/counting.gd says how."""

import time
from typing import Final

from tests.support.godot_member import Event, GodotMember

_STEP: Final = 0.1  # seconds between looks


def counted(member: GodotMember) -> Event:
    """Return what a game has said and heard so far."""
    member.do("counted")
    return member.expect("counted")


def count_up(*members: GodotMember) -> None:
    """Let all games speak."""
    for member in members:
        member.do("count_up", on=True)


def wait_for_numbers(member: GodotMember, peer: int, more: int, *, timeout: float) -> None:
    """Wait until a game has heard so many more numbers of a peer.

    Raises:
        AssertionError: It has not within `timeout` seconds.
    """
    wanted = counted(member)["heard"].get(str(peer), 0) + more
    deadline = time.monotonic() + timeout
    while counted(member)["heard"].get(str(peer), 0) < wanted:
        assert time.monotonic() < deadline, member.output[-2000:]
        time.sleep(_STEP)


def stop_and_check(*members: GodotMember, timeout: float) -> list[int]:
    """End the counting; all numbers have been heard once, in order, by all; returns how many.

    Raises:
        AssertionError: A number was lost or doubled, or is missing after `timeout` seconds.
    """
    for member in members:
        member.do("count_up", on=False)
    said = [counted(member)["said"] for member in members]
    deadline = time.monotonic() + timeout
    for own, member in enumerate(members):
        wanted = {str(peer + 1): count for peer, count in enumerate(said) if peer != own}
        while (report := counted(member))["heard"] != wanted:
            assert report["faults"] == []
            assert time.monotonic() < deadline, f"{report} is not {wanted}"
            time.sleep(_STEP)
        assert report["faults"] == []
    return said
